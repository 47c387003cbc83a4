#include "api/reply_text.h"

#include "api/hidden_openid.h"

#include <algorithm>

namespace couponsync {
namespace {

constexpr std::size_t kMaxRequestId = 128;

bool is_visible_ascii(char c) { return c >= 0x20 && c < 0x7F; }

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

/// U+0080 to U+009F: terminals obey some of them.
bool is_c1_control(std::string_view rest) {
  return rest.size() >= 2 && rest[0] == '\xC2' && static_cast<unsigned char>(rest[1]) < 0xA0U &&
         continues_character(rest[1]);
}

}  // namespace

std::string printable_ascii(std::string_view text, std::size_t max_size) {
  std::string printable(text.substr(0, max_size));
  std::ranges::replace_if(printable, [](char c) { return !is_visible_ascii(c); }, '?');
  return printable;
}

std::string one_line(std::string_view text, std::size_t max_characters) {
  std::string line;
  std::size_t characters = 0;
  for (std::size_t at = 0; at < text.size();) {
    if (characters++ == max_characters) return line + "…";
    std::size_t end = at + 1;
    while (end < text.size() && continues_character(text[end])) ++end;
    const bool control =
        static_cast<unsigned char>(text[at]) < 0x20U || text[at] == '\x7F' || is_c1_control(text.substr(at));
    if (control)
      line += ' ';
    else
      line.append(text, at, end - at);
    at = end;
  }
  return line;
}

std::string request_id_of(const HttpReply& reply) {
  return printable_ascii(reply.header("Request-ID").value_or(""), kMaxRequestId);
}

std::string request_id_of(const HttpReply& reply, const Openid& openid) {
  return without_openid(request_id_of(reply), openid);
}

}  // namespace couponsync
