#include "sync/exchange.h"

#include "api/http_date.h"
#include "api/listing_reply.h"
#include "api/listing_request.h"
#include "api/reply_text.h"

#include <chrono>
#include <optional>
#include <utility>

namespace couponsync {
namespace {

/// WeChat Pay does not say how old a request's timestamp may be; for its own replies it is as much.
constexpr std::chrono::seconds kMostSkew{300};

/// Whether the reply's signature is right, going by what became of it.
bool is_verified(const HttpReply& reply, const Failure* failure) {
  using enum FailureKind;
  if (reply.status != 200) return false;
  return failure == nullptr || (failure->kind != signature_missing && failure->kind != signature_wrong &&
                                failure->kind != malformed_reply && failure->kind != reply_replayed);
}

std::optional<std::chrono::seconds> believable_lead(const HttpReply& reply, const Failure* failure,
                                                    UnixSeconds now) {
  if (is_verified(reply, failure)) return signed_clock_lead(reply, now);
  // The Date of anybody else's reply is that of a proxy's clock, or of a cache.
  if (failure != nullptr && !failure->code.empty()) return clock_lead(reply, now);
  return std::nullopt;
}

/// A clock that is off is what refuses the signature: the keys are beyond suspicion then.
void say_clock_skew(Failure& failure, const HttpReply& reply, UnixSeconds now) {
  const std::optional<std::chrono::seconds> lead = believable_lead(reply, &failure, now);
  if (!lead || std::chrono::abs(*lead) < kMostSkew) return;
  failure.detail += "; clock skew: this machine's clock is " +
                    std::to_string(std::chrono::abs(*lead).count()) + " s " +
                    (lead->count() > 0 ? "ahead of" : "behind") + " WeChat Pay's";
}

}  // namespace

Exchange::Exchange(Env& env, Transport& transport, Signer signer, Verifier verifier, int page_size)
    : env_(env),
      transport_(transport),
      signer_(std::move(signer)),
      verifier_(std::move(verifier)),
      page_size_(page_size) {}

Task<Answer> Exchange::call(Domain domain, const ListingKey& key,
                            const std::optional<std::string>& page_token, bool on_fresh_connection) {
  HttpRequest request = signed_request(key, page_token);
  request.on_fresh_connection = on_fresh_connection;
  const Result<HttpReply> reply = co_await transport_.send(domain, std::move(request));
  if (reply.has_error()) co_return Answer{reply.error()};
  Answer answer{read_reply(key, *reply, page_token.has_value()), true,
                static_cast<std::int64_t>(reply->wire_bytes)};
  std::optional<Failure> failure;
  if (answer.page.has_error()) failure = answer.page.error();
  answer.clock_lead =
      believable_lead(*reply, failure ? &*failure : nullptr, to_unix_seconds(env_.wall_now()));
  co_return answer;
}

HttpRequest Exchange::signed_request(const ListingKey& key, const std::optional<std::string>& page_token) {
  HttpRequest request = listing_request(key, page_size_, page_token);
  signer_.sign(request, to_unix_seconds(env_.wall_now()), make_nonce(env_));
  return request;
}

Result<FetchedPage> Exchange::read_reply(const ListingKey& key, const HttpReply& reply,
                                         bool had_token) const {
  const std::string request_id = request_id_of(reply, key.openid);
  if (reply.status == 200) {
    const Result<> verified = verifier_.verify(reply, to_unix_seconds(env_.wall_now()));
    if (verified.has_error()) {
      Failure failure = verified.error();
      failure.request_id = request_id;
      return failure;
    }
  }
  Result<Page> page = read_listing_reply(reply, had_token, key.openid);
  if (page.has_value()) return FetchedPage{std::move(*page), request_id, {}, 0};
  Failure failure = page.error();
  if (failure.kind == FailureKind::credentials_refused)
    say_clock_skew(failure, reply, to_unix_seconds(env_.wall_now()));
  return failure;
}

}  // namespace couponsync
