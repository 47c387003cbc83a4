#pragma once

#include "base/http.h"
#include "base/listing.h"

#include <optional>
#include <string>

namespace couponsync {

/// The request for one page of a user's coupons (查询用户商品券列表), not signed yet. `page_token` is absent
/// for the first page. Everything the brand or the API may have put in is percent-encoded but for RFC 3986's
/// unreserved characters.
HttpRequest listing_request(const ListingKey& key, int page_size,
                            const std::optional<std::string>& page_token);

}  // namespace couponsync
