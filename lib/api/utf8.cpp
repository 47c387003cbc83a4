#include "api/utf8.h"

namespace couponsync {
namespace {

/// The Unicode Standard, table 3-7: how long a sequence with this lead byte is, and what its second byte can
/// be.
struct Lead {
  std::size_t size = 0;  ///< 0: no character begins so
  unsigned second_from = 0x80;
  unsigned second_to = 0xBF;
};

Lead lead_of(unsigned byte) {
  if (byte < 0x80) return {.size = 1};
  if (byte < 0xC2) return {};
  if (byte < 0xE0) return {.size = 2};
  if (byte == 0xE0) return {.size = 3, .second_from = 0xA0};
  if (byte == 0xED) return {.size = 3, .second_to = 0x9F};
  if (byte < 0xF0) return {.size = 3};
  if (byte == 0xF0) return {.size = 4, .second_from = 0x90};
  if (byte < 0xF4) return {.size = 4};
  if (byte == 0xF4) return {.size = 4, .second_to = 0x8F};
  return {};
}

}  // namespace

Utf8Sequence first_utf8_sequence(std::string_view text) {
  const auto byte = [text](std::size_t at) {
    return static_cast<unsigned>(static_cast<unsigned char>(text[at]));
  };
  const Lead lead = lead_of(byte(0));
  std::size_t size = 1;
  for (; size < lead.size && size < text.size(); ++size) {
    const unsigned from = size == 1 ? lead.second_from : 0x80;
    const unsigned to = size == 1 ? lead.second_to : 0xBF;
    if (byte(size) < from || byte(size) > to) break;
  }
  return {size, size == lead.size};
}

}  // namespace couponsync
