#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace couponsync {

/// How deep arrays and objects may stand in each other. The documented replies are 8 deep; no bound at all
/// would let a reply exhaust the stack.
inline constexpr std::size_t kMaxJsonDepth = 128;

/// A document of which single texts or values cannot be read, mended so that everything else can: one text
/// that was cut inside an emoji must not cost a page. The two are as long as each other and in step, byte for
/// byte.
struct MendedJson {
  /// What is kept: UTF-8, and JSON as SQLite understands it. Bytes of a text that are not UTF-8 are U+FFFD,
  /// control characters are escapes, what stands too deep is null; escapes that are no character (a lone
  /// surrogate, \u0000) are as they came.
  std::string text;
  /// What is parsed: `mark` stands for each break in a text, and as a text of its own for what stands too
  /// deep. An exponent beyond reason is merely a large one.
  std::string marked;
  std::string mark;  ///< a noncharacter of Unicode that the document does not hold
};

/// Mends what can be mended; a document that is no JSON stays none.
MendedJson mend_json(std::string_view document);

}  // namespace couponsync
