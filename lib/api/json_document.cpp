#include "api/json_document.h"

#include "api/mended_json.h"

#include <boost/json/parser.hpp>

#include <array>
#include <utility>

namespace couponsync {
namespace {

namespace json = boost::json;

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

struct NotJson {
  std::string why;
  std::size_t at = 0;
};

boost::system::result<json::value, NotJson> parse_json(std::string_view text, json::storage_ptr memory) {
  json::parse_options options;
  options.max_depth = kMaxJsonDepth;
  std::array<unsigned char, 4096> buffer;
  json::parser parser(json::storage_ptr(), options, buffer.data(), buffer.size());
  parser.reset(std::move(memory));
  boost::system::error_code error;
  const std::size_t consumed = parser.write(text.data(), text.size(), error);
  if (!error) return parser.release();
  return NotJson{error.message(), consumed};
}

/// Puts U+FFFD where the mark stands, and notes where that is.
class BreakFinder {
 public:
  BreakFinder(std::string_view mark, Oddities& oddities) : mark_(mark), oddities_(oddities) {}

  /// `depth`: of arrays and objects around the value.
  void visit(json::value& value, const JsonPath& path, std::size_t depth) {
    if (json::object* object = value.if_object()) {
      for (json::key_value_pair& member : *object) visit_member(member, path, depth);
    } else if (json::array* array = value.if_array()) {
      for (std::size_t index = 0; index < array->size(); ++index)
        visit((*array)[index], JsonPath(path, index), depth + 1);
    } else if (json::string* text = value.if_string()) {
      visit_text(value, *text, path, depth);
    }
  }

 private:
  void visit_member(json::key_value_pair& member, const JsonPath& path, std::size_t depth) {
    std::string name(member.key().data(), member.key().size());
    const bool is_broken = replace_marks(name);
    const JsonPath member_path(path, name);
    if (is_broken) oddities_.note(member_path, "its name is broken");
    visit(member.value(), member_path, depth + 1);
  }

  void visit_text(const json::value& value, json::string& text, const JsonPath& path, std::size_t depth) {
    std::string mended(text.data(), text.size());
    const bool is_mark = mended == mark_;
    if (!replace_marks(mended)) return;
    if (is_mark && depth == kMaxJsonDepth)
      oddities_.note(path, "nested too deep, and null in raw_json");
    else
      oddities_.note_broken_text(path, value);
    text = mended;
  }

  /// Whether there were any.
  bool replace_marks(std::string& text) const {
    const std::size_t first = text.find(mark_);
    for (std::size_t at = first; at != std::string::npos; at = text.find(mark_, at + kReplacement.size()))
      text.replace(at, mark_.size(), kReplacement);
    return first != std::string::npos;
  }

  std::string_view mark_;
  Oddities& oddities_;
};

/// NUL is a character to JSON, but the end of the text to most who read SQLite's texts.
bool may_hold_nul(std::string_view body) { return body.find("\\u0000") != std::string_view::npos; }

}  // namespace

Result<JsonDocument> JsonDocument::parse(std::string_view body, json::storage_ptr memory) {
  auto parsed = parse_json(body, memory);
  if (parsed && !may_hold_nul(body)) return JsonDocument(body, std::move(*parsed));
  MendedJson mended = mend_json(body);
  auto reparsed = parse_json(mended.marked, std::move(memory));
  if (reparsed) {
    JsonDocument document(body, std::move(*reparsed));
    document.mended_ = std::move(mended.text);
    BreakFinder(mended.mark, document.oddities_).visit(document.top_, JsonPath(), 0);
    return document;
  }
  const NotJson& why = reparsed.error();
  return Failure{.kind = FailureKind::undecodable,
                 .detail = "the body is not JSON: " + why.why + " at byte " + std::to_string(why.at) +
                           " of " + std::to_string(mended.marked.size())};
}

}  // namespace couponsync
