#pragma once

#include "base/env.h"
#include "base/listing.h"
#include "net/rate_controller.h"
#include "store/records.h"
#include "store/request_orders.h"
#include "sync/events.h"
#include "sync/evidence.h"
#include "sync/exchange.h"
#include "sync/outage_gate.h"
#include "sync/pacer.h"
#include "sync/sending_gate.h"
#include "sync/sending_pause.h"
#include "sync/session.h"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace couponsync {

/// What the calls for one page so far mean for the next one.
struct Route {
  const Urgency* urgency = &kOrdinary;  ///< may rise while it waits
  std::optional<Domain> avoid;          ///< the domain the last one failed on
  int failed = 0;          ///< passing failures since the page was asked for, or since the last outage
  int stale_in_a_row = 0;  ///< kept connections that turned out closed
  std::optional<SteadyTime> failing_since{};  ///< when the first attempt that failed was sent
  std::optional<SteadyTime> paused_until{};   ///< the end of the first pause that it asked everybody for
  bool limit_is_doubtful = false;             ///< it is refused as too fast, as a witness is not
  std::optional<Domain> doubtful{};  ///< answered it as a proxy might that stands before one domain only
  Failure doubtful_why{};            ///< what it said
};

/// What became of one call.
struct Call {
  Result<FetchedPage> page;
  Domain domain = Domain::primary;
  SteadyTime sent_at{};
  bool of_another = false;   ///< another listing was asked for, to find out whether anything works
  bool is_try = false;       ///< made while no domain worked: its failure says nothing of its page
  bool has_waited = false;   ///< until a domain worked
  bool began_pause = false;  ///< its Retry-After holds everybody back, and nothing did before
  bool passed_over = false;  ///< its Retry-After holds nobody back: others contradict it
  std::optional<SendingGate::Doubt> doubt{};  ///< it was refused, and it is for the caller to confirm that
};

/// Sends one call, and another, through all that may hold calls back (refused credentials, an outage, the
/// pace), and tells all of those what came of it. On the io thread. What it is given by reference outlives
/// it.
class Caller {
 public:
  struct Deps {
    Env& env;
    RateController& rate;
    SendingPause& pause;
    Events& events;
    RequestOrders& orders;
  };

  Caller(Deps deps, std::shared_ptr<Session> session, const boost::asio::any_io_executor& executor);

  /// From the next call on. Calls under way end with what they began with.
  void use(std::shared_ptr<Session> session) { session_ = std::move(session); }
  const Session& session() const { return *session_; }

  /// Waits as long as calls are held back, then makes one, and adds to `cost` what it costs. Cancellable.
  Task<Call> call(const ListingKey& key, const std::optional<std::string>& page_token, Route& route,
                  RunCounters& cost);
  /// The same for the holder of a doubt, for whose sake the others wait.
  Task<Call> confirming_call(const ListingKey& key, const std::optional<std::string>& page_token,
                             Route& route, RunCounters& cost);

  Evidence& evidence() { return evidence_; }
  /// No domain works, as far as a page that failed too often with this and a witness can tell.
  void begin_outage(const Failure& why);
  /// The brand is refused: nothing but probes is sent.
  void stop_sending(SendingGate::Doubt& doubt, const Failure& refusal);
  /// What calls are made with may have become better: the next one goes alone, at once.
  void try_anew() { gate_.reset(); }
  /// As in Pacer.
  void pace_changed() { pacer_.pace_changed(); }
  /// If the brand is refused, the next probe goes at once.
  void try_refused_again() {
    if (gate_.refusal()) gate_.reset();
  }

  /// Returns when there is nothing to hope for: the brand is refused and every call is answered, no domain
  /// has worked for so long, or whatever was sent for 15 minutes was refused as too fast. Cancellable.
  Task<Failure> hopeless(std::chrono::seconds patience);

 private:
  struct Slot {
    OutageGate::Pass way;
    SteadyTime at;
  };

  Task<Slot> next_slot(const Urgency& urgency);
  Task<Call> send(const ListingKey& key, const std::optional<std::string>& page_token, Route& route,
                  RunCounters& cost, Slot slot, bool as_probe);
  Domain choose(DomainSelector& domains, const Slot& slot, Route& route, RunCounters& cost);
  void learn(DomainSelector& domains, const ListingKey& asked, Route& route, Call& call,
             const Answer& answer);
  void learn_pace(const ListingKey& asked, Route& route, Call& call, const Answer& answer);
  bool obeys(const ListingKey& asked, const Route& route, const Failure& too_fast);
  void learn_domain(DomainSelector& domains, const ListingKey& asked, Route& route, const Call& call,
                    bool replied);
  void tell_doubtful(DomainSelector& domains, Route& route, const Call& call, bool doubtful);
  void tell_outage(DomainSelector& domains, OutageGate::Pass& way, const ListingKey& asked, const Call& call,
                   bool replied);

  Deps deps_;
  std::shared_ptr<Session> session_;
  Pacer pacer_;
  SendingGate gate_;
  OutageGate outage_;
  Evidence evidence_;

  Failure too_fast_;  ///< the last refusal as too fast that held everybody back
  int in_flight_ = 0;
  Condition changed_;  ///< something that `hopeless` looks at
};

}  // namespace couponsync
