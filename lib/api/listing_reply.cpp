#include "api/listing_reply.h"

#include "api/decoder.h"
#include "api/error_reply.h"
#include "api/reply_text.h"

#include <utility>

namespace couponsync {

Result<Page> read_listing_reply(const HttpReply& reply, bool had_page_token, const Openid& openid) {
  if (reply.status != 200) return classify_error(reply, had_page_token, openid);
  Result<Page> page = decode_page(reply.body, had_page_token);
  if (page) return page;
  Failure failure = page.error();
  if (failure.kind == FailureKind::not_a_listing) {
    // Errors have come as successes: what their code says is known better than what the body lacks.
    Failure said = classify_error(reply, had_page_token, openid);
    if (!said.code.empty()) return said;
  }
  failure.status = reply.status;
  failure.request_id = request_id_of(reply, openid);
  return failure;
}

}  // namespace couponsync
