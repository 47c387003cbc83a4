#include "bench/quota_contestants.h"

#include "net/rate_controller.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <random>

namespace couponsync::bench {
namespace {

using Seconds = std::chrono::duration<double>;

/// Far above every quota that is measured, so that it is never what limits.
constexpr double kMost = 2'000;

SteadyTime after(SteadyTime time, Seconds delay) {
  return time + std::chrono::ceil<SteadyTime::duration>(delay);
}

class Tracker final : public Contestant {
 public:
  explicit Tracker(SteadyTime start) : controller_({.max_requests_per_second = kMost}, start) {}

  SteadyTime earliest_send(int, SteadyTime now) override { return controller_.earliest_send(now); }
  void sent(int, SteadyTime now) override { controller_.sent(now); }
  void accepted(int, SteadyTime sent_at, SteadyTime now) override { controller_.accepted(sent_at, now); }
  void refused(int, SteadyTime sent_at, SteadyTime now) override {
    controller_.refused(sent_at, now, std::nullopt);
  }

 private:
  RateController controller_;
};

class Backoff final : public Contestant {
 public:
  Backoff(int callers, SteadyTime start, unsigned seed)
      : chance_(seed), at_(static_cast<std::size_t>(callers), start), failures_(at_.size(), 0) {}

  SteadyTime earliest_send(int caller, SteadyTime) override { return at_[index(caller)]; }
  void sent(int, SteadyTime) override {}
  void accepted(int caller, SteadyTime, SteadyTime) override { failures_[index(caller)] = 0; }
  void refused(int caller, SteadyTime, SteadyTime now) override {
    const double most = std::min(10.0, 0.2 * std::exp2(failures_[index(caller)]++));
    at_[index(caller)] = after(now, Seconds(std::uniform_real_distribution<double>(0, most)(chance_)));
  }

 private:
  static std::size_t index(int caller) { return static_cast<std::size_t>(caller); }

  std::mt19937 chance_;
  std::vector<SteadyTime> at_;
  std::vector<int> failures_;
};

class Pause final : public Contestant {
 public:
  explicit Pause(SteadyTime start) : until_(start) {}

  SteadyTime earliest_send(int, SteadyTime) override { return until_; }
  void sent(int, SteadyTime) override {}
  void accepted(int, SteadyTime sent_at, SteadyTime) override {
    if (sent_at >= until_) pauses_ = 0;
  }
  void refused(int, SteadyTime sent_at, SteadyTime now) override {
    if (sent_at < until_) return;  // it was out when the pause began
    until_ = after(now, Seconds(1 << std::min(pauses_++, 2)));
  }

 private:
  SteadyTime until_;
  int pauses_ = 0;
};

class Adaptive final : public Contestant {
 public:
  explicit Adaptive(SteadyTime start) : start_(start), tokens_at_(start) {}

  SteadyTime earliest_send(int, SteadyTime now) override {
    if (!enabled_) return now;
    refill(now);
    return tokens_ >= 1 ? now : after(now, Seconds((1 - tokens_) / fill_rate_));
  }
  void sent(int, SteadyTime now) override {
    if (!enabled_) return;
    refill(now);
    tokens_ -= 1;
  }
  void accepted(int, SteadyTime, SteadyTime now) override {
    measure(now);
    if (!enabled_) return;
    const double window = std::cbrt(last_max_ * (1 - kBeta) / kScale);
    const double x = time(now) - last_throttle_ - window;
    set_rate(kScale * x * x * x + last_max_, now);
  }
  void refused(int, SteadyTime, SteadyTime now) override {
    measure(now);
    const double rate = enabled_ ? std::min(measured_, fill_rate_) : measured_;
    last_max_ = rate;
    last_throttle_ = time(now);
    enabled_ = true;
    set_rate(rate * kBeta, now);
  }

 private:
  static constexpr double kBeta = 0.7;
  static constexpr double kScale = 0.4;
  static constexpr double kSmooth = 0.8;
  static constexpr double kLeast = 0.5;

  double time(SteadyTime now) const { return Seconds(now - start_).count(); }
  /// The rate of replies, in steps of half a second.
  void measure(SteadyTime now) {
    ++count_;
    const double step = std::floor(time(now) * 2) / 2;
    if (step <= last_step_) return;
    measured_ = kSmooth * count_ / (step - last_step_) + (1 - kSmooth) * measured_;
    count_ = 0;
    last_step_ = step;
  }
  void refill(SteadyTime now) {
    tokens_ = std::min(capacity_, tokens_ + fill_rate_ * Seconds(now - tokens_at_).count());
    tokens_at_ = now;
  }
  void set_rate(double rate, SteadyTime now) {
    refill(now);
    const double bounded = std::min(rate, 2 * measured_);
    fill_rate_ = std::max(bounded, kLeast);
    capacity_ = std::max(bounded, 1.0);
    tokens_ = std::min(tokens_, capacity_);
  }

  SteadyTime start_;
  bool enabled_ = false;
  double fill_rate_ = kLeast;
  double capacity_ = 1;
  double tokens_ = 0;
  SteadyTime tokens_at_;
  double measured_ = 0;
  double last_step_ = 0;
  int count_ = 0;
  double last_max_ = 0;
  double last_throttle_ = 0;
};

}  // namespace

std::string_view name_of(ContestantKind kind) {
  switch (kind) {
    case ContestantKind::tracker:
      return "tracker";
    case ContestantKind::backoff:
      return "backoff";
    case ContestantKind::pause:
      return "pause";
    case ContestantKind::adaptive:
      return "adaptive";
  }
  return "";
}

std::unique_ptr<Contestant> make_contestant(ContestantKind kind, int callers, SteadyTime start,
                                            unsigned seed) {
  switch (kind) {
    case ContestantKind::tracker:
      return std::make_unique<Tracker>(start);
    case ContestantKind::backoff:
      return std::make_unique<Backoff>(callers, start, seed);
    case ContestantKind::pause:
      return std::make_unique<Pause>(start);
    case ContestantKind::adaptive:
      return std::make_unique<Adaptive>(start);
  }
  return nullptr;
}

}  // namespace couponsync::bench
