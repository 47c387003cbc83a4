#pragma once

#include "base/http.h"
#include "base/listing.h"

#include <optional>
#include <string>

namespace couponsync {

/// The unsigned request for one page of a listing (GET .../users/{openid}/coupons, API page of 2025-09-02).
/// `page_token` is the reply's next_page_token as it came, absent for the first page; `page_size` is 1 to 50.
/// Path segment and query values are percent-encoded and the order is fixed: the same listing and token give
/// the same target, and the target is what gets signed. An empty filter is not sent. The caller has checked
/// that the openid is [0-9A-Za-z_-]: "." and ".." have no encoding that a path would survive.
HttpRequest listing_request(const ListingKey& key, int page_size,
                            const std::optional<std::string>& page_token);

}  // namespace couponsync
