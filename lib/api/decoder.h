#pragma once

#include "base/coupon.h"
#include "base/failure.h"

#include <string_view>

namespace couponsync {

/// Decodes one verified reply: the edition of 2025-09-02 and the one with PROGRESSIVE_BUNDLE, which has been
/// in the field since 2025-11. null means absent; unknown members and unknown values are no fault. What is
/// not as documented is named in Page::oddities and costs no more than itself:
/// - a member of another type is absent; a text that is broken (it is not UTF-8, has half a surrogate pair or
/// a NUL)
///   has U+FFFD there;
/// - an entry that does not say which coupon it is (no coupon_code or no stock_id, or a broken one: several
/// coupons
///   would look like one) is refused, and counted in Page::refused_entries.
///
/// Fails with undecodable if the body is not JSON, and with not_a_listing if it is JSON but nothing that
/// tells coupons: no list, no count and no token, or a list or a token of another type, or an error's code
/// and no entries. Only a page that was asked for with a token may say nothing at all. The detail names the
/// place and what was found there by type, never by value. Status and Request-ID are the caller's to add.
///
/// Hashes cover what the entry says, not its bytes: the order of members, white space and null members make
/// no difference. A coupon's covers its stock's and its product's id, not their content; a stock's leaves out
/// its counters. Entries with the same stock_id and coupon_code all stay, in order.
Result<Page> decode_page(std::string_view body, bool had_page_token = false);

}  // namespace couponsync
