#pragma once

#include "base/failure.h"
#include "base/task.h"
#include "sync/condition.h"

#include <boost/asio/any_io_executor.hpp>

#include <optional>

namespace couponsync {

/// Keeps refused credentials from costing more than a few calls. The first call of a run goes alone. After a
/// 401 or 403 nobody else sends until whoever met it has found out whether the brand is refused; if it is,
/// nothing is sent until `reset`, and then one call probes. On the io thread; outlives its passes and doubts.
class SendingGate {
 public:
  /// The right to send one call. Who was let through alone holds the others back until it is settled or gone.
  class Pass {
   public:
    Pass(Pass&& other) noexcept;
    Pass& operator=(Pass&&) = delete;
    ~Pass();
    /// The credentials were accepted: the others may go.
    void accepted();

   private:
    friend class SendingGate;
    Pass(SendingGate* gate, bool alone) : gate_(gate), alone_(alone) {}
    SendingGate* gate_;
    bool alone_;
  };

  /// The task of finding out what a refusal means. The next call goes alone if it goes without an answer.
  class Doubt {
   public:
    Doubt(Doubt&& other) noexcept;
    Doubt& operator=(Doubt&& other) noexcept;
    ~Doubt();
    /// The credentials are fine.
    void dispelled();
    /// The brand is refused.
    void confirmed(const Failure& refusal);

   private:
    friend class SendingGate;
    explicit Doubt(SendingGate* gate) : gate_(gate) {}
    SendingGate* gate_;
  };

  explicit SendingGate(const boost::asio::any_io_executor& executor) : changed_(executor) {}

  /// Waits while nobody, or only another one, may send. Cancellable.
  Task<Pass> enter();
  /// Whether that pass still holds, after other waiting.
  bool admits(const Pass& pass) const { return state_ == State::open || pass.alone_; }
  /// The call with this pass was refused. Nothing if another one finds out already, or the brand was known to
  /// be refused and still is.
  std::optional<Doubt> refused(Pass& pass, const Failure& refusal);
  /// The next call goes alone again.
  void reset();

  /// The brand was refused when it was last known: the next call is a probe.
  bool is_probing() const { return probing_; }
  /// The refusal that stopped all sending, if one did.
  const std::optional<Failure>& refusal() const { return refusal_; }

 private:
  enum class State { untried, trying, open, doubted, shut };

  void become(State state);
  void shut(const Failure& refusal);

  State state_ = State::untried;
  bool probing_ = false;
  std::optional<Failure> refusal_;
  Condition changed_;
};

}  // namespace couponsync
