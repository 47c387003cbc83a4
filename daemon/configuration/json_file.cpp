#include "configuration/json_file.h"

#include "configuration/duplicate_keys.h"
#include "configuration/text_file.h"

#include <boost/json/stream_parser.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <string>

namespace couponsync::daemon {
namespace {

constexpr std::size_t kMaxBytes = 64U << 20U;

ConfigurationError syntax_error(const std::filesystem::path& file, std::string_view text, std::size_t at,
                                const std::string& what) {
  const std::string_view before = text.substr(0, at);
  const auto line = std::ranges::count(before, '\n') + 1;
  const std::size_t line_begin = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  return {"", fmt::format("{}: line {}, column {}: not valid JSON: {}", file.string(), line,
                          at - line_begin + 1, what)};
}

}  // namespace

boost::json::value read_json_file(const std::filesystem::path& file,
                                  std::vector<ConfigurationProblem>& problems) {
  const std::string content = read_text_file(file, kMaxBytes, "");
  const std::string_view text = without_byte_order_mark(content);
  boost::json::parse_options options;
  options.allow_comments = true;
  options.allow_trailing_commas = true;
  boost::json::stream_parser parser({}, options);
  boost::system::error_code error;
  const std::size_t read = parser.write_some(text.data(), text.size(), error);
  if (error) throw syntax_error(file, text, read, error.message());
  const std::string_view rest = text.substr(read);
  const std::size_t more = rest.find_first_not_of(" \t\r\n");
  if (more != std::string_view::npos)
    throw syntax_error(file, text, read + more, "there is more after the end");
  parser.finish(error);
  if (error) throw syntax_error(file, text, text.size(), error.message());
  problems = duplicate_keys(text);
  return parser.release();
}

}  // namespace couponsync::daemon
