#pragma once

#include "base/env.h"
#include "base/failure.h"
#include "base/task.h"
#include "net/domain_selector.h"
#include "sync/condition.h"

#include <boost/asio/any_io_executor.hpp>

#include <optional>

namespace couponsync {

/// Holds calls back while no domain works. One call at a time tries the domains in turn, at once and then
/// ever more seldom, up to every 5 s; the others wait. Waiting ends when a domain is back, or fails with what
/// the last try met once the outage lasted for 40 s: longer than what passes by itself, and not so long that
/// a `once` seems to hang. On the io thread; outlives its passes.
class OutageGate {
 public:
  /// The right to send one call: the only try while there is an outage, else one of many.
  class Pass {
   public:
    Pass(Pass&& other) noexcept;
    Pass& operator=(Pass&&) = delete;
    ~Pass();
    /// It is the only call of an outage, which says nothing about its page.
    bool is_try() const { return is_try_; }
    /// What became of the call; `failure` is null if it is no evidence against the domain.
    void ended(const Failure* failure);

   private:
    friend class OutageGate;
    Pass(OutageGate* gate, bool is_try) : gate_(gate), is_try_(is_try) {}
    OutageGate* gate_;
    bool is_try_;
  };

  OutageGate(Env& env, const DomainSelector& domains, const boost::asio::any_io_executor& executor)
      : env_(env), domains_(domains), changed_(executor) {}

  /// Cancellable.
  Task<Result<Pass>> enter();

 private:
  void call_ended(const Failure* failure, bool was_try);
  void end_try();

  Env& env_;
  const DomainSelector& domains_;
  Condition changed_;

  std::optional<SteadyTime> since_;  ///< no domain worked; until a call succeeds
  std::optional<Failure> last_failure_;
  SteadyTime try_at_{};
  int failed_tries_ = 0;
  bool trying_ = false;
};

}  // namespace couponsync
