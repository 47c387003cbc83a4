#pragma once

#include "base/env.h"
#include "base/failure.h"
#include "base/task.h"
#include "sync/events.h"
#include "sync/valve.h"

#include <boost/asio/any_io_executor.hpp>

#include <optional>
#include <utility>

namespace couponsync {

/// Keeps refused credentials from costing more than a few calls. The first call goes alone, the next one when
/// it has been unanswered for 2 s, and so on. After a 401 or 403 nobody else sends until whoever met it has
/// found out whether the brand is refused; if it is, single calls probe, two soon and then one a minute, and
/// the first that is accepted lets all go on. On the io thread; outlives its passes and doubts.
class SendingGate {
 public:
  /// The right to send one call. Who was let through alone holds the others back until it is settled or gone.
  class Pass {
   public:
    /// The credentials were accepted: the others may go.
    void accepted();

   private:
    friend class SendingGate;
    Pass(SendingGate* gate, Valve::Pass pass) : gate_(gate), pass_(std::move(pass)) {}
    SendingGate* gate_;
    Valve::Pass pass_;
  };

  /// The task of finding out what a refusal means. The next call goes alone if it goes without an answer.
  class Doubt {
   public:
    /// The credentials are fine.
    void dispelled();
    /// The brand is refused.
    void confirmed(const Failure& refusal);

   private:
    friend class SendingGate;
    Doubt(SendingGate* gate, Valve::Pass pass) : gate_(gate), pass_(std::move(pass)) {}
    SendingGate* gate_;
    Valve::Pass pass_;
  };

  SendingGate(Env& env, Events& events, const boost::asio::any_io_executor& executor);

  /// Waits while nobody, or only another one, may send. Cancellable.
  Task<Pass> enter();
  /// Whether that pass still holds, after other waiting.
  bool admits(const Pass& pass) const { return !valve_.holds() || pass.pass_.is_current_try(); }
  /// The call with this pass was refused. Nothing if another one finds out already, or the brand was known to
  /// be refused and still is.
  std::optional<Doubt> refused(Pass& pass, const Failure& refusal);
  /// What calls are made with may have become better: the next call probes at once, and goes alone.
  void reset();

  /// The brand was refused when it was last known: the next call is a probe.
  bool is_probing() const { return refusal_.has_value(); }
  /// Why the brand is known to be refused, if it is.
  const std::optional<Failure>& refusal() const { return refusal_; }

 private:
  void confirm(Valve::Pass& pass, const Failure& refusal);

  Env& env_;
  Events& events_;
  Valve valve_;
  std::optional<Failure> refusal_;
};

}  // namespace couponsync
