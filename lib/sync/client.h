#pragma once

#include "base/env.h"
#include "base/listing.h"
#include "sync/caller.h"
#include "sync/events.h"
#include "sync/exchange.h"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace couponsync {

struct ClientOptions {
  int max_attempts = 4;  ///< for failures that may pass by themselves; a 429 is not one of them
};

/// Gets one page: sends for it, repeats what may pass, and judges what does not. What befalls the brand or
/// the service as a whole (refused credentials, a limit, an outage) is nobody's failure: `fetch` waits until
/// it is over, or until `stopped` says that there is no point and it is cancelled. What befalls one listing
/// alone is its failure, however it looks: another listing, asked as a witness, tells. Every attempt is paced
/// and signed anew; nothing but a verified reply is ever decoded. On the io thread. Everything it is given by
/// reference outlives it; `counters` is the run's.
class Client {
 public:
  using Parts = Caller::Parts;

  Client(Parts parts, Exchange exchange, ClientOptions options, const boost::asio::any_io_executor& executor);

  /// Fails with what could not be overcome. Cancellable at every step.
  Task<Result<FetchedPage>> fetch(ListingKey key, std::optional<std::string> page_token);

  /// As in Caller. The first of `candidates` are asked as witnesses.
  void begin_run(std::optional<std::chrono::seconds> patience, std::vector<ListingKey> candidates);
  Task<> stopped() { return caller_.stopped(); }
  std::optional<Failure> why_stopped() const { return caller_.why_stopped(); }
  void leave_pauses() { caller_.leave_pauses(); }

 private:
  struct Fetch;
  enum class Next { again, give_up };

  Task<Next> judge(Fetch& fetch);
  Task<Next> judge_refusal(Fetch& fetch);
  Task<Next> confirm(Fetch& fetch, SendingGate::Doubt doubt);
  Task<Next> judge_limit(Fetch& fetch);
  Task<> wait_after_another(Fetch& fetch);
  Task<Next> judge_passing(Fetch& fetch);
  Task<Next> judge_exhausted(Fetch& fetch);
  /// Asks another listing's first page; nothing if there is no other.
  Task<std::optional<Call>> ask_witness(const ListingKey& key);
  std::chrono::milliseconds backoff(const Fetch& fetch, const Failure& failure);

  Parts parts_;
  ClientOptions options_;
  Caller caller_;
};

}  // namespace couponsync
