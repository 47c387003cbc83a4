#pragma once

#include "api/signer.h"
#include "api/verifier.h"
#include "base/coupon.h"
#include "base/env.h"
#include "base/listing.h"
#include "net/transport.h"
#include "store/request_orders.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace couponsync {

/// A verified, decoded page and the name WeChat Pay gave the exchange.
struct FetchedPage {
  Page page;
  std::string request_id;
  RequestOrders::Ticket request;  ///< held until the page is in the mirror
  RequestOrder received = 0;      ///< the next request to be sent when the reply had come
};

/// What became of one call.
struct Answer {
  Result<FetchedPage> page;
  bool replied = false;         ///< an HTTP reply came, whatever it said
  std::int64_t wire_bytes = 0;  ///< of that reply
  /// How much this machine's clock is ahead of the time that reply was signed at, or of the Date of an error
  /// that the API itself tells; absent where neither is there.
  std::optional<std::chrono::seconds> clock_lead{};
};

/// One call, once: signs the request for one page of a listing, sends it to one domain, verifies the raw
/// reply, and decodes only what it has verified. On the io thread; `env` and `transport` outlive it.
class Exchange {
 public:
  Exchange(Env& env, Transport& transport, Signer signer, Verifier verifier, int page_size);

  /// `on_fresh_connection`: a kept one has just turned out closed, and another may be, too. Cancellable.
  Task<Answer> call(Domain domain, const ListingKey& key, const std::optional<std::string>& page_token,
                    bool on_fresh_connection = false);

 private:
  HttpRequest signed_request(const ListingKey& key, const std::optional<std::string>& page_token);
  Result<FetchedPage> read_reply(const ListingKey& key, const HttpReply& reply, bool had_token) const;

  Env& env_;
  Transport& transport_;
  Signer signer_;
  Verifier verifier_;
  int page_size_;
};

}  // namespace couponsync
