#pragma once

#include <cstddef>
#include <string_view>

namespace couponsync {

/// What a text begins with: one character, or else the bytes that one U+FFFD stands for (the "maximal
/// subpart" of the Unicode Standard, section 3.9: what could have become a character, at least one byte).
struct Utf8Sequence {
  std::size_t size = 0;
  bool valid = false;
};

/// Of a text that is not empty. Overlong forms, surrogates and what is beyond U+10FFFF are not valid.
Utf8Sequence first_utf8_sequence(std::string_view text);

}  // namespace couponsync
