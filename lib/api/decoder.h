#pragma once

#include "base/coupon.h"
#include "base/failure.h"

#include <string_view>

namespace couponsync {

/// Decodes a verified 200 body of either edition of the API: the one of the documentation (SEQUENTIAL
/// coupons) and the one since 2025-11 (PROGRESSIVE_BUNDLE, an entry a round).
///
/// Fails with undecodable where identity is at stake: no JSON, no object, no list, an entry without
/// coupon_code or stock_id, a page token or total that is none. Everything else is taken as it comes: unknown
/// members and enumeration values are kept, null is absent, and a member of another type than documented is
/// NULL in its column, named by its path in `Page::oddities`, and still in raw_json. The failure's detail
/// holds a JSON path and types, never a value.
Result<Page> decode_page(std::string_view body);

}  // namespace couponsync
