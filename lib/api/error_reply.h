#pragma once

#include "base/failure.h"
#include "base/http.h"
#include "base/sensitive.h"

namespace couponsync {

/// What a reply other than 200 means, by its status and the API's `code`, never by its message. Error replies
/// may be unsigned, have no body, or a proxy's HTML: they steer retries, never data. The API's message
/// becomes the detail, with every occurrence of `openid` replaced by its redacted name.
Failure classify_error(const HttpReply& reply, bool had_page_token, const Openid& openid);

}  // namespace couponsync
