#pragma once

#include "base/failure.h"
#include "base/http.h"
#include "base/sensitive.h"

namespace couponsync {

/// What a reply without a page means, from its status and the API's own `code`, never from its message. The
/// body may be missing, HTML, or other people's JSON; the reply may be unsigned, so it can steer retries but
/// says nothing about data. `had_page_token`: the request had one, so a 400 probably means that token. A
/// reply of status 200 must have been verified, and goes by its code alone.
///
/// The detail is the API's message on one line, cut off after 200 characters. A message may quote what was
/// signed, so `openid` is replaced by its redacted name and long runs of Base64 letters (nonces, signatures)
/// are masked.
Failure classify_error(const HttpReply& reply, bool had_page_token, const Openid& openid);

}  // namespace couponsync
