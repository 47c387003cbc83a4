/// How much of an unknown quota couponsyncd's rate controller uses and how many of its calls are refused,
/// beside the usual ways to do it, in virtual time.

#include "bench/quota_contestants.h"
#include "bench/quota_server.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <optional>
#include <queue>
#include <string>
#include <string_view>
#include <vector>

namespace couponsync::bench {
namespace {

constexpr int kCallers = 64;
constexpr Seconds kRun{600};
constexpr Seconds kChange{300};
constexpr double kShortestLatency = 0.02;
constexpr double kLongestLatency = 0.2;

/// Calls by the second of their arrival, and what they cost.
struct Outcome {
  std::vector<int> arrived = std::vector<int>(static_cast<std::size_t>(kRun.count()), 0);
  std::vector<int> accepted = std::vector<int>(static_cast<std::size_t>(kRun.count()), 0);
  std::int64_t calls = 0;
  std::int64_t refused = 0;
};

/// Callers that always have something to send, each one call at a time, first come first served.
class Race {
 public:
  Race(ServerOptions server, ContestantKind kind, unsigned seed)
      : start_(some_time(seed + 3)), server_(std::move(server), start_, seed), chance_(seed + 1) {
    contestant_ = make_contestant(kind, kCallers, start_, seed + 2);
    for (int caller = 0; caller < kCallers; ++caller)
      push({.at = start_, .stage = Stage::asks, .caller = caller});
  }

  Outcome run() {
    const SteadyTime end = start_ + std::chrono::duration_cast<SteadyTime::duration>(kRun);
    while (!events_.empty() && events_.top().at < end) {
      const Event event = events_.top();
      events_.pop();
      handle(event);
    }
    return std::move(outcome_);
  }

 private:
  enum class Stage { asks, arrives, is_answered };
  struct Event {
    SteadyTime at;
    std::uint64_t order = 0;
    Stage stage;
    int caller = 0;
    SteadyTime sent_at{};
    Seconds back{};
    bool accepted = false;
    bool operator>(const Event& o) const { return at != o.at ? at > o.at : order > o.order; }
  };

  /// A quota's window does not begin when a run does.
  static SteadyTime some_time(unsigned seed) {
    std::mt19937 chance(seed);
    return SteadyTime(std::chrono::hours(1)) +
           std::chrono::milliseconds(std::uniform_int_distribution<int>(0, 59'999)(chance));
  }

  void push(Event event) {
    event.order = order_++;
    events_.push(event);
  }

  void handle(const Event& event) {
    switch (event.stage) {
      case Stage::asks:
        return ask(event);
      case Stage::arrives:
        return arrive(event);
      case Stage::is_answered:
        if (event.accepted)
          contestant_->accepted(event.caller, event.sent_at, event.at);
        else
          contestant_->refused(event.caller, event.sent_at, event.at);
        return push({.at = event.at, .stage = Stage::asks, .caller = event.caller});
    }
  }

  void ask(const Event& event) {
    const SteadyTime earliest = contestant_->earliest_send(event.caller, event.at);
    if (earliest > event.at) return push({.at = earliest, .stage = Stage::asks, .caller = event.caller});
    contestant_->sent(event.caller, event.at);
    std::uniform_real_distribution<double> latency(kShortestLatency / 2, kLongestLatency / 2);
    const auto there = std::chrono::duration_cast<SteadyTime::duration>(Seconds(latency(chance_)));
    push({.at = event.at + there,
          .stage = Stage::arrives,
          .caller = event.caller,
          .sent_at = event.at,
          .back = Seconds(latency(chance_))});
  }

  void arrive(const Event& event) {
    Event answer = event;
    answer.accepted = server_.accepts(event.at);
    answer.at += std::chrono::duration_cast<SteadyTime::duration>(event.back);
    answer.stage = Stage::is_answered;
    ++outcome_.calls;
    outcome_.refused += answer.accepted ? 0 : 1;
    const auto second = static_cast<std::size_t>(Seconds(event.at - start_).count());
    ++outcome_.arrived[second];
    outcome_.accepted[second] += answer.accepted ? 1 : 0;
    push(answer);
  }

  SteadyTime start_;
  Server server_;
  std::unique_ptr<Contestant> contestant_;
  std::mt19937 chance_;
  std::uint64_t order_ = 0;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  Outcome outcome_;
};

struct Scenario {
  std::string name;
  ServerOptions server;
};

std::function<double(Seconds)> always(double rate) {
  return [rate](Seconds) { return rate; };
}
std::function<double(Seconds)> changing(double before, double after) {
  return [=](Seconds since_start) { return since_start < kChange ? before : after; };
}

std::vector<Scenario> scenarios(double rate) {
  using enum ServerOptions::Kind;
  return {
      {"bucket 1 s", {.kind = token_bucket, .span = Seconds(1), .per_second = always(rate)}},
      {"bucket 0.1 s", {.kind = token_bucket, .span = Seconds(0.1), .per_second = always(rate)}},
      {"window 1 s", {.kind = fixed_window, .span = Seconds(1), .per_second = always(rate)}},
      {"window 10 s", {.kind = fixed_window, .span = Seconds(10), .per_second = always(rate)}},
      {"window 60 s", {.kind = fixed_window, .span = Seconds(60), .per_second = always(rate)}},
      {"halves", {.kind = token_bucket, .span = Seconds(1), .per_second = changing(rate, rate / 2)}},
      {"doubles", {.kind = token_bucket, .span = Seconds(1), .per_second = changing(rate / 2, rate)}},
      {"rival of 40 %",
       {.kind = token_bucket, .span = Seconds(1), .per_second = always(rate), .rival_share = 0.4}},
      {"counts refused",
       {.kind = token_bucket, .span = Seconds(1), .per_second = always(rate), .counts_refused = true}},
  };
}

struct Score {
  double goodput = 0;  ///< percent of the quota that was to be had
  double refused = 0;  ///< percent of the calls
};

Score score(const Scenario& scenario, const Outcome& outcome) {
  double quota = 0;
  for (int second = 0; second < static_cast<int>(kRun.count()); ++second)
    quota += scenario.server.per_second(Seconds(second)) * (1 - scenario.server.rival_share);
  double accepted = 0;
  for (const int count : outcome.accepted) accepted += count;
  return {100 * accepted / quota, 100 * static_cast<double>(outcome.refused) /
                                      static_cast<double>(std::max<std::int64_t>(1, outcome.calls))};
}

Score mean(const std::vector<Score>& scores) {
  Score sum;
  for (const Score& one : scores) {
    sum.goodput += one.goodput / static_cast<double>(scores.size());
    sum.refused += one.refused / static_cast<double>(scores.size());
  }
  return sum;
}

/// How long after the change the calls were within 10 % of the new quota, for two seconds.
double settled_after(const Scenario& scenario, const Outcome& outcome) {
  const auto change = static_cast<std::size_t>(kChange.count());
  const double quota = scenario.server.per_second(kChange);
  for (std::size_t second = change; second + 1 < outcome.arrived.size(); ++second) {
    const double rate = (outcome.arrived[second] + outcome.arrived[second + 1]) / 2.0;
    if (std::abs(rate - quota) <= 0.1 * quota) return static_cast<double>(second - change);
  }
  return INFINITY;
}

struct Half {
  std::vector<double> rates;
  std::vector<unsigned> seeds;
};

void print_scores(std::string_view name, const std::vector<Score>& scores) {
  fmt::print("| {} |", name);
  for (const Score& one : scores) fmt::print(" {:.1f} / {:.1f} |", one.goodput, one.refused);
  fmt::print("\n");
}

void report(const Half& half) {
  std::vector<std::vector<Score>> of_kind(std::size(kContestants));
  double slowest_down = 0;
  double slowest_up = 0;
  for (const double rate : half.rates) {
    fmt::print("\n| {} a second |", rate);
    for (const ContestantKind kind : kContestants) fmt::print(" {} |", name_of(kind));
    fmt::print("\n|---|---|---|---|---|\n");
    std::vector<std::vector<Score>> here(std::size(kContestants));
    for (const Scenario& scenario : scenarios(rate)) {
      std::vector<Score> line;
      for (std::size_t i = 0; i < std::size(kContestants); ++i) {
        std::vector<Score> scores;
        for (const unsigned seed : half.seeds) {
          const Outcome outcome = Race(scenario.server, kContestants[i], seed).run();
          scores.push_back(score(scenario, outcome));
          if (kContestants[i] != ContestantKind::tracker) continue;
          if (scenario.name == "halves")
            slowest_down = std::max(slowest_down, settled_after(scenario, outcome));
          if (scenario.name == "doubles") slowest_up = std::max(slowest_up, settled_after(scenario, outcome));
        }
        line.push_back(mean(scores));
        here[i].push_back(line.back());
      }
      print_scores(scenario.name, line);
    }
    std::vector<Score> means;
    for (std::size_t i = 0; i < here.size(); ++i) means.push_back(mean(here[i]));
    print_scores("mean", means);
  }
  fmt::print(
      "\nthe tracker was down at a halved quota after {} s and up at a doubled one after {} s at most\n",
      slowest_down, slowest_up);
}

}  // namespace
}  // namespace couponsync::bench

int main(int argc, char** argv) {
  using couponsync::bench::Half;
  // Constants are tuned on one half of rates and seeds; what counts is the other one.
  const bool tuning = argc > 1 && std::string_view(argv[1]) == "--tuning";
  const Half half = tuning ? Half{{30, 150, 350}, {1, 3, 5}} : Half{{20, 100, 500}, {2, 4, 6}};
  fmt::print(
      "goodput in % of the quota / refused in % of the calls; {} callers, latency 20-200 ms, {} s from a"
      " cold start, mean of {} seeds\n",
      couponsync::bench::kCallers, couponsync::bench::kRun.count(), half.seeds.size());
  couponsync::bench::report(half);
}
