#pragma once

#include "base/env.h"
#include "base/listing.h"
#include "net/domain_selector.h"
#include "store/mirror.h"
#include "sync/events.h"
#include "sync/evidence.h"
#include "sync/exchange.h"
#include "sync/outage_gate.h"
#include "sync/pacer.h"
#include "sync/sending_gate.h"
#include "sync/sending_pause.h"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <optional>
#include <string>

namespace couponsync {

/// What the calls for one page so far mean for the next one.
struct Route {
  std::optional<Domain> avoid;  ///< the domain the last one failed on
  int failed = 0;               ///< passing failures since the page was asked for, or since the last outage
  int stale_in_a_row = 0;       ///< kept connections that turned out closed
};

/// What became of one call.
struct Call {
  Result<FetchedPage> page;
  Domain domain = Domain::primary;
  SteadyTime sent_at{};
  bool of_another = false;  ///< another listing was asked for, to find out whether anything works
  bool is_try = false;      ///< made while no domain worked: its failure says nothing of its page
  bool has_waited = false;  ///< until a domain worked
  std::optional<SendingGate::Doubt> doubt{};  ///< it was refused, and it is for the caller to confirm that
};

/// Sends one call, and another, through all that may hold calls back (refused credentials, an outage, the
/// pace), and tells all of those what came of it. Every call is counted. On the io thread. What it is given
/// by reference outlives it; `counters` is the run's.
class Caller {
 public:
  struct Parts {
    Env& env;
    RateController& rate;
    DomainSelector& domains;
    SendingPause& pause;
    Events& events;
    RunCounters& counters;
    RequestOrders& orders;
  };

  Caller(Parts parts, Exchange exchange, const boost::asio::any_io_executor& executor);

  /// Waits as long as calls are held back, then makes one. Cancellable.
  Task<Call> call(const ListingKey& key, const std::optional<std::string>& page_token, Route& route);
  /// The same for the holder of a doubt, for whose sake the others wait.
  Task<Call> confirming_call(const ListingKey& key, const std::optional<std::string>& page_token,
                             Route& route);

  Evidence& evidence() { return evidence_; }
  /// No domain works, as far as a page that failed too often with this and a witness can tell.
  void begin_outage(const Failure& why);
  /// The brand is refused: nothing more is sent in this run.
  void stop_sending(SendingGate::Doubt& doubt, const Failure& refusal);

  /// A run begins: its first call goes alone. `patience` says for how long no domain may work until it is
  /// given up; without one, it waits.
  void begin_run(std::optional<std::chrono::seconds> patience);
  /// Returns when this run will get nothing more: the brand is refused and every call is answered, no domain
  /// worked for longer than its patience, or `leave_pauses` was called and everything is held. Cancellable.
  Task<> stopped();
  /// Why, if it is a failure.
  std::optional<Failure> why_stopped() const;
  /// From now on, this run need not wait for the end of a pause.
  void leave_pauses();

 private:
  struct Slot {
    OutageGate::Pass way;
    SteadyTime at;
  };

  Task<Slot> next_slot();
  Task<Call> send(const ListingKey& key, const std::optional<std::string>& page_token, Route& route,
                  Slot slot, bool as_probe);
  Domain choose(const Slot& slot, Route& route);
  void learn(const ListingKey& asked, const Call& call, const Answer& answer);
  void learn_pace(const Call& call, const Answer& answer);
  void learn_domain(const ListingKey& asked, const Call& call, bool replied);
  void tell_outage(OutageGate::Pass& way, const ListingKey& asked, const Call& call, bool replied);
  bool is_stopped() const;
  bool has_lost_patience() const;

  Parts parts_;
  Exchange exchange_;
  Pacer pacer_;
  SendingGate gate_;
  OutageGate outage_;
  Evidence evidence_;

  std::optional<std::chrono::seconds> patience_;
  bool may_leave_ = false;
  int in_flight_ = 0;
  Condition changed_;  ///< something that `stopped` looks at
};

}  // namespace couponsync
