#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace couponsync {

/// One entry of user_coupon_list in the bytes it came in. The views point into the document.
struct EntrySlices {
  std::string rest;                 ///< the entry without its product_coupon and stock, still JSON
  std::string_view product_coupon;  ///< empty if the entry has none
  std::string_view stock;
};

/// Cuts `document`, which must be JSON that a parser has accepted (but for escapes of half a surrogate pair
/// in its texts), with an object at its top, into its entries: one for each element of user_coupon_list, in
/// order. Of members named twice the last one counts, as in the parser.
std::vector<EntrySlices> slice_entries(std::string_view document);

}  // namespace couponsync
