#pragma once

#include "net/rate_controller.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <queue>
#include <vector>

namespace couponsync::test {

using Seconds = std::chrono::duration<double>;

/// Says whether a call that arrives at that time is accepted.
using Quota = std::function<bool(SteadyTime)>;

Quota no_quota();
Quota token_bucket(double per_second, double depth);
Quota fixed_window(int calls, Seconds length);

/// Callers that send as fast as a RateController lets them, against a quota, in virtual time. A call needs
/// half the latency to the server and half back.
class QuotaSimulation {
 public:
  struct Setup {
    RateOptions options{};
    Quota quota;
    int callers = 32;
    Seconds latency{0.1};
    Seconds pause{0};  ///< of a caller between a reply and its next call: less demand
  };

  explicit QuotaSimulation(Setup setup);

  /// Goes on for `span` and counts anew.
  void run_for(Seconds span);

  double accepted_per_second() const;
  double refused_share() const;
  double pace() const { return controller_.requests_per_second(now_); }
  /// When each call was sent since the last run_for.
  const std::vector<SteadyTime>& sent() const { return sent_; }
  /// The most calls sent within any `span`.
  std::size_t most_sent_within(Seconds span) const;

 private:
  enum class Stage { asks, arrives, is_answered };
  struct Event {
    SteadyTime at;
    std::uint64_t order;
    Stage stage;
    SteadyTime sent_at{};
    bool accepted = false;
    bool operator>(const Event& o) const { return at != o.at ? at > o.at : order > o.order; }
  };

  void handle(const Event& event);
  void ask();
  void push(SteadyTime at, Stage stage, SteadyTime sent_at = {}, bool accepted = false);

  Setup setup_;
  SteadyTime now_{std::chrono::hours(1)};
  RateController controller_;
  std::uint64_t order_ = 0;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;

  Seconds span_{0};
  std::vector<SteadyTime> sent_;
  int accepted_ = 0;
  int refused_ = 0;
};

}  // namespace couponsync::test
