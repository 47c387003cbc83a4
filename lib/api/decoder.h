#pragma once

#include "base/coupon.h"
#include "base/failure.h"

#include <string_view>

namespace couponsync {

/// Decodes one verified reply: the edition of 2025-09-02 and the one with PROGRESSIVE_BUNDLE, which has been
/// in the field since 2025-11. Only identity must be there; null means absent; unknown members and unknown
/// values are no fault; a member of another type than documented is absent and named in Page::oddities.
///
/// Fails with undecodable where going on would lose or mix up rows: the body is not JSON, an entry has no
/// coupon_code or no stock_id, the list, the count or the token has a wrong type. The detail names the place
/// and what was found there by type, never by value. Status and Request-ID are the caller's to add.
///
/// Hashes cover what the entry says, not its bytes: the order of members, white space and null members make
/// no difference. A coupon's covers its stock's and its product's id, not their content. Entries with the
/// same stock_id and coupon_code all stay, in order.
Result<Page> decode_page(std::string_view body);

}  // namespace couponsync
