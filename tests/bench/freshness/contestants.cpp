#include "bench/freshness/contestants.h"

#include "sync/freshness/due_policy.h"

#include <algorithm>
#include <chrono>
#include <numeric>
#include <random>
#include <vector>

namespace couponsync::bench {
namespace {

struct Hint {
  double at = 0;
  std::size_t user = 0;
};

/// The brand's callbacks: seconds late, and some are lost.
std::vector<Hint> hints_of(const World& world, const ContestTerms& terms, std::mt19937_64& random) {
  std::vector<Hint> hints;
  std::exponential_distribution<> late(1 / 2.0);
  std::bernoulli_distribution arrives(terms.hinted);
  for (std::size_t user = 0; user < world.users.size(); ++user) {
    for (const WorldCoupon& coupon : world.users[user]) {
      for (std::size_t event = 0; event < coupon.events.size(); ++event) {
        const WorldEvent& one = coupon.events[event];
        const bool is_return = event > 0 && one.state == WorldState::effective && !one.is_use &&
                               coupon.events[event - 1].state == WorldState::used;
        const bool is_told = event == 0 || one.is_use || is_return;
        if (one.at > 0 && is_told && arrives(random)) hints.push_back({one.at + late(random), user});
      }
    }
  }
  std::ranges::sort(hints, {}, &Hint::at);
  return hints;
}

std::vector<std::size_t> shuffled(std::size_t users, std::mt19937_64& random) {
  std::vector<std::size_t> order(users);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::shuffle(order, random);
  return order;
}

class AdaptiveContest {
 public:
  AdaptiveContest(const World& world, const ContestTerms& terms, ModelMirror& mirror)
      : world_(world),
        mirror_(mirror),
        random_(terms.seed),
        fresh_(shuffled(world.users.size(), random_)),
        read_at_(world.users.size(), -1e9) {
    const double mean = world.pages_at_start() / (terms.hours * 3600);
    pace_ = mean * std::max(1.0, terms.peak_times);
    if (terms.hinted > 0) hints_ = hints_of(world, terms, random_);
    policy_.set_budget({mean, pace_}, world.epoch);
    for (std::size_t user = 0; user < world.users.size(); ++user) policy_.add(id_of(user));
    cost_.budget = mean * (world.end - world.warm);
  }

  ContestCost play() {
    while (now_ < world_.tail_end) step();
    cost_.bytes_a_user = static_cast<double>(policy_.bytes()) / static_cast<double>(policy_.size());
    if (!policy_.trusts_effective()) cost_.distrusted = "effective";
    if (!policy_.trusts_counts()) cost_.distrusted = "counts";
    if (!policy_.trusts_rates()) cost_.distrusted = "rates";
    return cost_;
  }

 private:
  enum Column : std::uint8_t { kWhole, kEffective, kCount, kPending, kStock, kSweep, kHint };
  static ListingId id_of(std::size_t user) { return static_cast<ListingId>(user) + 1; }

  void step() {
    if (next_fresh_ < fresh_.size()) {
      const std::size_t user = fresh_[next_fresh_++];
      policy_.taken(id_of(user));
      return read(user, ReadingKind::whole, 0, kWhole);
    }
    if (next_hint_ < hints_.size() && hints_[next_hint_].at <= now_) return read_hinted(hints_[next_hint_++]);
    const auto began = std::chrono::steady_clock::now();
    const DuePolicy::Choice choice = policy_.next(world_.epoch + now_);
    count_time(began);
    cost_.decisions += 1;
    if (!choice.reading) {
      wait(choice.wait_until - world_.epoch);
      return;
    }
    const DuePolicy::DueReading& due = *choice.reading;
    const Column column = due.purpose == ReadingPurpose::sweep ? kSweep : static_cast<Column>(due.kind);
    read(static_cast<std::size_t>(due.listing - 1), due.kind, due.stock, column);
  }

  void wait(double until) {
    if (next_hint_ < hints_.size()) until = std::min(until, std::max(now_, hints_[next_hint_].at));
    now_ = std::max(until, now_ + 1e-6);
  }

  void read_hinted(const Hint& hint) {
    if (read_at_[hint.user] > hint.at) return;
    const auto usual = policy_.usual(id_of(hint.user));
    policy_.taken(id_of(hint.user));
    read(hint.user, usual.main, 0, kHint);
    if (usual.receipts) {
      policy_.taken(id_of(hint.user));
      read(hint.user, *usual.receipts, 0, kHint);
    }
  }

  void read(std::size_t user, ReadingKind kind, StockKey stock, Column column) {
    const double cost = mirror_.cost(user, kind, stock, now_);
    const double done = now_ + cost / pace_;
    const ReadingSummary& seen = mirror_.read(user, kind, stock, now_, done);
    if (now_ >= world_.warm && now_ < world_.end) cost_.requests[column] += cost;
    if (kind == ReadingKind::whole || kind == ReadingKind::effective) read_at_[user] = now_;
    const auto began = std::chrono::steady_clock::now();
    policy_.observe(id_of(user), kind, seen, world_.epoch + now_);
    count_time(began);
    now_ = done;
  }

  void count_time(std::chrono::steady_clock::time_point began) {
    cost_.decision_seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  }

  const World& world_;
  ModelMirror& mirror_;
  std::mt19937_64 random_;
  DuePolicy policy_;
  std::vector<std::size_t> fresh_;
  std::size_t next_fresh_ = 0;
  std::vector<Hint> hints_;
  std::size_t next_hint_ = 0;
  std::vector<double> read_at_;
  double pace_ = 1;
  double now_ = 0;
  ContestCost cost_;
};

}  // namespace

ContestCost play_even(const World& world, const ContestTerms& terms, ModelMirror& mirror) {
  std::mt19937_64 random(terms.seed);
  const std::vector<std::size_t> order = shuffled(world.users.size(), random);
  const double pace = world.pages_at_start() / (terms.hours * 3600);
  ContestCost total;
  total.budget = pace * (world.end - world.warm);
  double now = 0;
  for (std::size_t turn = 0; now < world.tail_end; turn = (turn + 1) % order.size()) {
    const double cost = mirror.cost(order[turn], ReadingKind::whole, 0, now);
    mirror.read(order[turn], ReadingKind::whole, 0, now, now + cost / pace);
    if (now >= world.warm && now < world.end) total.requests[0] += cost;
    now += cost / pace;
  }
  return total;
}

ContestCost play_adaptive(const World& world, const ContestTerms& terms, ModelMirror& mirror) {
  return AdaptiveContest(world, terms, mirror).play();
}

}  // namespace couponsync::bench
