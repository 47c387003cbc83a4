#pragma once

#include "base/env.h"
#include "base/listing.h"
#include "sync/caller.h"
#include "sync/events.h"
#include "sync/exchange.h"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace couponsync {

struct ClientOptions {
  int max_attempts = 4;  ///< for failures that may pass by themselves; a 429 is not one of them
};

/// Gets one page: sends for it, repeats what may pass, and judges what does not. What befalls the brand or
/// the service as a whole (refused credentials, a limit, an outage) is nobody's failure: `fetch` waits until
/// it is over. What befalls one listing
/// alone is its failure, however it looks: another listing, asked as a witness, tells. Every attempt is paced
/// and signed anew; nothing but a verified reply is ever decoded. On the io thread. Everything it is given by
/// reference outlives it.
class Client {
 public:
  using Deps = Caller::Deps;

  Client(Deps deps, std::shared_ptr<Session> session, ClientOptions options,
         const boost::asio::any_io_executor& executor);

  /// Adds to `cost` what it costs, as it goes. `urgency` may rise meanwhile. Fails with what could not be
  /// overcome. Cancellable at every step.
  Task<Result<FetchedPage>> fetch(ListingKey key, std::optional<std::string> page_token,
                                  const Urgency& urgency, RunCounters& cost);

  /// As in Caller.
  void use(std::shared_ptr<Session> session) { caller_.use(std::move(session)); }
  const Session& session() const { return caller_.session(); }
  void try_anew() { caller_.try_anew(); }
  void pace_changed() { caller_.pace_changed(); }
  /// What somebody asks for by a reload; it may have changed the pace as well.
  void try_refused_again() {
    caller_.pace_changed();
    caller_.try_refused_again();
  }
  Task<Failure> hopeless(std::chrono::seconds patience) { return caller_.hopeless(patience); }
  /// Another listing that may be asked, to find out whether a failure is one listing's own: one that did not
  /// fail last time.
  void offer_witness(const ListingKey& key) { caller_.evidence().offer(key); }
  void forget_witnesses() { caller_.evidence().forget_witnesses(); }

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
  /// Asks another listing's first page, one that was not `asked` yet, which it then is; nothing if there is
  /// no other.
  Task<std::optional<Call>> ask_witness(const ListingKey& key, std::vector<ListingKey>& asked,
                                        RunCounters& cost);
  std::chrono::milliseconds backoff(const Fetch& fetch, const Failure& failure);

  Deps deps_;
  ClientOptions options_;
  Caller caller_;
};

}  // namespace couponsync
