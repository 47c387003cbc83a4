#include "api/hidden_openid.h"

#include "api/percent_encoding.h"

#include <algorithm>
#include <string_view>

namespace couponsync {
namespace {

/// The openids of one appid begin with the same few letters.
constexpr std::size_t kHiddenBeginning = 8;

/// Replaces `secret` and, as messages quote texts that were cut off, any beginning of it that is long enough
/// to tell users apart.
void hide(std::string& text, std::string_view secret, std::string_view name) {
  if (secret.empty()) return;
  const std::string_view least = secret.substr(0, kHiddenBeginning);
  std::string hidden;
  std::size_t behind = 0;  // the last one
  for (std::size_t at = 0; (at = text.find(least, behind)) != std::string::npos;) {
    const auto differ = std::ranges::mismatch(std::string_view(text).substr(at), secret);
    hidden.append(text, behind, at - behind).append(name);
    behind = at + static_cast<std::size_t>(differ.in2 - secret.begin());
  }
  if (behind > 0) text = hidden.append(text, behind);
}

std::string lower_case_escapes(std::string encoded) {
  for (std::size_t at = 0; (at = encoded.find('%', at)) != std::string::npos; at += 3)
    for (std::size_t digit = at + 1; digit <= at + 2; ++digit)
      if (encoded[digit] >= 'A' && encoded[digit] <= 'F') encoded[digit] += 'a' - 'A';
  return encoded;
}

}  // namespace

std::string without_openid(std::string text, const Openid& openid) {
  const std::string name = openid.redacted();
  const std::string encoded = percent_encode(openid.reveal());
  hide(text, openid.reveal(), name);
  if (encoded == openid.reveal()) return text;
  hide(text, encoded, name);
  hide(text, lower_case_escapes(encoded), name);
  return text;
}

}  // namespace couponsync
