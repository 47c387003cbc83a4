#pragma once

#include "base/coupon.h"
#include "base/failure.h"
#include "base/http.h"
#include "base/sensitive.h"

namespace couponsync {

/// What the reply to a request for a page of `openid`'s listing says: the page, or why there is none. A reply
/// of status 200 must have been verified before: nothing unverified is parsed. `had_page_token`: the request
/// had one.
Result<Page> read_listing_reply(const HttpReply& reply, bool had_page_token, const Openid& openid);

}  // namespace couponsync
