#pragma once

#include "base/env.h"
#include "base/listing.h"
#include "net/domain_selector.h"
#include "store/mirror.h"
#include "sync/events.h"
#include "sync/exchange.h"
#include "sync/outage_gate.h"
#include "sync/pacer.h"
#include "sync/sending_gate.h"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <optional>
#include <string>

namespace couponsync {

struct ClientOptions {
  int max_attempts = 4;  ///< for failures that may pass by themselves; a 429 is not one of them
};

/// Gets one page: waits for its turn, chooses a domain, signs, sends, verifies, decodes, and repeats what may
/// pass. Every attempt is paced and signed anew; nothing but a verified reply is ever decoded. On the io
/// thread. Everything it is given by reference outlives it; `counters` is the run's.
class Client {
 public:
  struct Parts {
    Env& env;
    RateController& rate;
    DomainSelector& domains;
    Events& events;
    RunCounters& counters;
    RequestOrders& orders;
  };

  Client(Parts parts, Exchange exchange, ClientOptions options, const boost::asio::any_io_executor& executor);

  /// Fails with what could not be overcome. Cancellable at every step.
  Task<Result<FetchedPage>> fetch(ListingKey key, std::optional<std::string> page_token);

  /// A run begins: its first call goes alone.
  void begin_run() { gate_.reset(); }
  /// The refusal that stopped all sending, if one did.
  const std::optional<Failure>& refusal() const { return gate_.refusal(); }

 private:
  struct Attempts;

  Task<Result<FetchedPage>> attempt(const ListingKey& key, const std::optional<std::string>& page_token,
                                    Attempts& attempts);
  void learn(Domain domain, SteadyTime sent_at, const Answer& answer);
  std::chrono::milliseconds backoff(const Attempts& attempts, const Failure& failure);

  Parts parts_;
  Exchange exchange_;
  ClientOptions options_;
  Pacer pacer_;
  SendingGate gate_;
  OutageGate outage_;
};

}  // namespace couponsync
