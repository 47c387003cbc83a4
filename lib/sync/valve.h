#pragma once

#include "base/env.h"
#include "base/task.h"
#include "sync/condition.h"
#include "sync/tries.h"
#include "sync/turn.h"

#include <boost/asio/any_io_executor.hpp>

#include <cstdint>
#include <optional>

namespace couponsync {

/// Holds back what cannot work for now, and finds out by single tries when it can again: the one way of
/// pausing, for whatever reason. It passes all that comes, until `hold`; then who has waited longest tries,
/// at its tempo, and `release` lets all go on. On the io thread; outlives its passes.
class Valve {
 public:
  /// The right to go on: a try while it holds, else one of many.
  class Pass {
   public:
    Pass(Pass&& other) noexcept;
    Pass& operator=(Pass&& other) noexcept;
    ~Pass();
    bool is_try() const { return number_.has_value(); }
    /// A try of the holding that is in force: what it shows counts.
    bool is_current_try() const { return valve_ != nullptr && is_try() && holding_ == valve_->holding_; }
    /// Of the tries since it began to hold, from 0.
    std::optional<int> number() const { return number_; }
    bool has_waited() const { return has_waited_; }
    /// The try showed that it is of no use yet.
    void failed() { end(Tries::End::failed); }
    /// What became of it shows nothing. The same as letting it go.
    void undecided() { end(Tries::End::undecided); }

   private:
    friend class Valve;
    Pass(Valve* valve, std::optional<int> number, bool has_waited)
        : valve_(valve), number_(number), has_waited_(has_waited), holding_(valve->holding_) {}
    void end(Tries::End end);
    Valve* valve_;
    std::optional<int> number_;
    bool has_waited_;
    std::uint64_t holding_;  ///< the one that it is a try of
  };

  Valve(Env& env, const TryTempo& tempo, const boost::asio::any_io_executor& executor)
      : env_(env), tempo_(tempo), tries_(tempo), turn_(executor), changed_(executor) {}

  /// Cancellable.
  Task<Pass> enter();

  /// Holds from now on, its first try after the tempo's time; goes on holding if it does.
  void hold();
  /// The same, and who calls has the first try.
  Pass hold_and_try();
  /// The same, and the next who comes has it; `tempo` holds until it is released.
  void hold_for_next(const TryTempo& tempo);
  void release();
  /// The next try need not wait for its time.
  void hurry();

  bool holds() const { return tries_.under_way(); }
  std::optional<SteadyTime> since() const { return tries_.since(); }
  /// When the next try may go, while it holds; nothing while one is out that it has to wait for.
  std::optional<SteadyTime> next_try_at() const { return tries_.next_at(); }

 private:
  Env& env_;
  TryTempo tempo_;
  Tries tries_;
  std::uint64_t holding_ = 0;  ///< counts how often it began to hold
  Turn turn_;
  Condition changed_;
};

}  // namespace couponsync
