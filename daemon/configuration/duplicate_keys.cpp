#include "configuration/duplicate_keys.h"

#include <boost/json/basic_parser_impl.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>

namespace couponsync::daemon {
namespace {

using boost::json::error_code;
using Text = boost::json::string_view;

/// Boost.JSON's handler of parsing events: keeps which keys the objects around the current place have.
class KeyWatch {
 public:
  static constexpr std::size_t max_object_size = SIZE_MAX;
  static constexpr std::size_t max_array_size = SIZE_MAX;
  static constexpr std::size_t max_key_size = SIZE_MAX;
  static constexpr std::size_t max_string_size = SIZE_MAX;

  std::size_t line = 0;  ///< of what is parsed next
  std::vector<ConfigurationProblem> problems;

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code&) { return begin(); }
  bool on_object_end(std::size_t, error_code&) { return end(); }
  bool on_array_begin(error_code&) { return begin(); }
  bool on_array_end(std::size_t, error_code&) { return end(); }
  bool on_key_part(Text part, std::size_t, error_code&) {
    key_.append(part.data(), part.size());
    return true;
  }
  bool on_key(Text part, std::size_t, error_code&) {
    key_.append(part.data(), part.size());
    note_key();
    return true;
  }
  bool on_string_part(Text, std::size_t, error_code&) { return true; }
  bool on_string(Text, std::size_t, error_code&) { return next(); }
  bool on_number_part(Text, error_code&) { return true; }
  bool on_int64(std::int64_t, Text, error_code&) { return next(); }
  bool on_uint64(std::uint64_t, Text, error_code&) { return next(); }
  bool on_double(double, Text, error_code&) { return next(); }
  bool on_bool(bool, error_code&) { return next(); }
  bool on_null(error_code&) { return next(); }
  bool on_comment_part(Text, error_code&) { return true; }
  bool on_comment(Text, error_code&) { return true; }

 private:
  /// An object or an array that is not closed yet.
  struct Level {
    std::unordered_map<std::string, std::size_t> lines;  ///< of its keys; none in an array
    std::string key;                                     ///< of the member at hand
    std::size_t index = 0;                               ///< of the element at hand
  };

  bool begin() {
    levels_.emplace_back();
    return true;
  }
  bool end() {
    levels_.pop_back();
    return next();
  }
  /// A value is over.
  bool next() {
    if (!levels_.empty()) ++levels_.back().index;
    return true;
  }
  void note_key();
  std::string pointer() const;

  std::vector<Level> levels_;
  std::string key_;
};

void KeyWatch::note_key() {
  Level& object = levels_.back();
  object.key = std::exchange(key_, {});
  const auto [first, is_new] = object.lines.emplace(object.key, line);
  if (is_new) return;
  problems.push_back({pointer(), fmt::format("is given in line {} and again in line {}, and only one of them "
                                             "would count: leave one out, or put both into one",
                                             first->second, line)});
}

std::string KeyWatch::pointer() const {
  std::string pointer;
  for (const Level& level : levels_)
    pointer = pointer_to(pointer, level.lines.empty() ? std::to_string(level.index) : level.key);
  return pointer;
}

}  // namespace

std::vector<ConfigurationProblem> duplicate_keys(std::string_view json) {
  boost::json::parse_options options;
  options.allow_comments = true;
  options.allow_trailing_commas = true;
  boost::json::basic_parser<KeyWatch> parser(options);
  KeyWatch& watch = parser.handler();
  error_code error;
  // Line by line, for the parser does not tell where it is.
  while (!json.empty() && !parser.done() && !error) {
    const std::size_t size = std::min(json.find('\n'), json.size() - 1) + 1;
    ++watch.line;
    parser.write_some(size < json.size(), json.data(), size, error);
    json.remove_prefix(size);
  }
  return std::move(watch.problems);
}

}  // namespace couponsync::daemon
