#pragma once

#include "base/failure.h"
#include "base/task.h"
#include "sync/condition.h"

#include <boost/asio/any_io_executor.hpp>

#include <optional>

namespace couponsync {

/// Keeps refused credentials from costing more than one call: the first call of a run goes alone, and once
/// the API answered 401 or 403 nothing more is sent until `reset`. On the io thread; outlives its passes.
class SendingGate {
 public:
  /// The right to send one call. Whoever was let through alone holds the others back until this is settled or
  /// gone.
  class Pass {
   public:
    Pass(Pass&& other) noexcept;
    Pass& operator=(Pass&&) = delete;
    ~Pass();
    /// The call was answered, or failed to be: the others may go.
    void settle();

   private:
    friend class SendingGate;
    Pass(SendingGate* gate, bool alone) : gate_(gate), alone_(alone) {}
    SendingGate* gate_;
    bool alone_;
  };

  explicit SendingGate(const boost::asio::any_io_executor& executor) : changed_(executor) {}

  /// Waits while another call goes alone. Fails with the refusal once the gate is shut. Cancellable.
  Task<Result<Pass>> enter();
  /// The API refused the credentials.
  void shut(const Failure& refusal);
  /// The next call goes alone again.
  void reset();

  const std::optional<Failure>& refusal() const { return refusal_; }

 private:
  enum class State { untried, trying, open };

  State state_ = State::untried;
  std::optional<Failure> refusal_;
  Condition changed_;
};

}  // namespace couponsync
