#include "bench/freshness/world_shapes.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>

namespace couponsync::bench {
namespace {

constexpr double kHour = 3600;
constexpr double kDay = 24 * kHour;
constexpr double kStart = 1'767'225'600;  // 2026-01-01, a Thursday; day 0 of the week here
constexpr double kWarm = 7 * kDay;
constexpr double kEnd = 21 * kDay;
constexpr double kTailEnd = kEnd + 2 * kDay;
/// What was received before is over by time 0: it only says how many pages there are, and how fast they came.
constexpr double kLivedFrom = -33 * kDay;
constexpr std::uint32_t kOrdinaryStocks = 40;

struct Span {
  double from;
  double to;
};

struct CampaignShape {
  double every_days = 3;
  double share = 0.08;
  double hours = 1;
  double by_activity = 0;  ///< 0: anybody; 1: in proportion to how much he receives anyway
  Span valid_days{3, 30};
  double pending = 0.2;
};

struct Shape {
  double dormant = 0.55;
  double dormant_a_day = 1.0 / 180;
  double median_a_day = 1.0 / 20;
  double sigma = 1.5;
  double most_a_day = 5;
  Span tenure_days{30, 540};
  double pending = 0.2;
  Span valid_days{3, 30};
  double deleted = 0.05;
  double used = 0.35;
  double use_after = 0.3;  ///< of its validity, in the mean
  double used_late = 0;    ///< of the uses, those just before the end
  double sequential = 0.1;
  double returned = 0.02;
  double user_sigma = 0;   ///< how much the users differ in what they use
  double same_visit = 0;   ///< another coupon is used minutes later
  bool has_hours = false;  ///< uses follow the rhythm of the day
  double weekend = 1;
  CampaignShape campaign{};
  std::optional<CampaignShape> weekly{};
};

Shape shape_named(std::string_view name) {
  Shape shape;
  if (name == "base") return shape;
  shape.has_hours = true;
  if (name == "retail") {
    shape.dormant = 0.3;
    shape.dormant_a_day = 1.0 / 120;
    shape.median_a_day = 1.0 / 15;
    shape.sigma = 0.8;
    shape.used = 0.25;
    shape.user_sigma = 0.8;
    shape.used_late = 0.3;
    shape.same_visit = 0.25;
    shape.weekend = 1.6;
    shape.campaign = {9, 0.1, 2, 0.5, {5, 14}, 0};
    shape.weekly = CampaignShape{7, 0.35, 3, 0.5, {4, 7}, 0.3};
  } else if (name == "flash") {
    shape.dormant = 0.5;
    shape.median_a_day = 1.0 / 60;
    shape.sigma = 1.2;
    shape.used = 0.3;
    shape.use_after = 0.12;
    shape.user_sigma = 1;
    shape.same_visit = 0.2;
    shape.campaign = {0.6, 0.05, 1.0 / 3, 1, {0.5, 2}, 0};
  } else if (name == "heavy") {
    shape.dormant = 0.2;
    shape.dormant_a_day = 1.0 / 30;
    shape.median_a_day = 0.5;
    shape.sigma = 1;
    shape.most_a_day = 8;
    shape.tenure_days = {200, 900};
    shape.used = 0.3;
    shape.user_sigma = 0.6;
    shape.campaign = {4, 0.06, 1, 0.5, {3, 15}, 0.2};
  } else if (name == "sparse") {
    shape.dormant = 0.85;
    shape.median_a_day = 1.0 / 40;
    shape.sigma = 1.2;
    shape.used = 0.05;
    shape.used_late = 0.5;
    shape.campaign = {7, 0.04, 1, 0.3, {7, 30}, 0.5};
  } else {
    throw std::runtime_error("no shape " + std::string(name));
  }
  return shape;
}

double time_of_day(double at) { return at - std::floor(at / kDay) * kDay; }

/// Peaks at noon and in the evening; little at night.
double rhythm(double at) {
  const double hour = time_of_day(at) / kHour;
  const auto peak = [&](double middle) { return 1.5 * std::exp(-(hour - middle) * (hour - middle) / 8); };
  return 0.25 + peak(12.5) + peak(19.5);
}
constexpr double kHighest = 1.85;

double mean_rhythm() {
  double sum = 0;
  for (int step = 0; step < 240; ++step) sum += rhythm(step * 360.0) / 240;
  return sum / kHighest;
}

class Maker {
 public:
  Maker(std::string_view name, std::uint64_t seed, std::size_t users)
      : shape_(shape_named(name)), random_(seed * 1'000'003 + std::hash<std::string_view>{}(name)) {
    world_.name = name;
    world_.seed = seed;
    world_.warm = kWarm;
    world_.end = kEnd;
    world_.tail_end = kTailEnd;
    world_.epoch = kStart;
    world_.users.resize(users);
    world_.sends.resize(kOrdinaryStocks);
  }

  World make() {
    for (std::size_t user = 0; user < world_.users.size(); ++user) make_user(user);
    make_campaigns();
    if (shape_.same_visit > 0) {
      for (auto& coupons : world_.users) join_visits(coupons);
    }
    for (auto& coupons : world_.users) put_in_order(coupons);
    count_sends();
    return std::move(world_);
  }

 private:
  struct Person {
    double a_day = 0;
    double use_factor = 1;
  };

  double uniform(double from, double to) { return std::uniform_real_distribution<>(from, to)(random_); }
  double uniform(Span span) { return uniform(span.from, span.to); }
  bool chance(double share) { return uniform(0, 1) < share; }
  double wait(double mean) { return std::exponential_distribution<>(1 / mean)(random_); }
  double normal() { return std::normal_distribution<>()(random_); }

  double week_level(double at) const {
    const double day = std::floor(at / kDay) - std::floor(at / (7 * kDay)) * 7;
    return (day >= 5 ? shape_.weekend : 1) / std::max(1.0, shape_.weekend);
  }
  bool suits(double at) { return chance(rhythm(at) / kHighest * week_level(at)); }

  /// Moves a use to an hour at which people use coupons.
  double at_busy_hour(double at, Span within) {
    for (int attempt = 0; attempt < 12; ++attempt) {
      const double other = at + uniform(-0.5, 0.5) * kDay * std::min(1.0, attempt + 0.3);
      if (other > within.from && other < within.to && suits(other)) return other;
    }
    return at;
  }

  void make_user(std::size_t user) {
    Person person;
    person.a_day = chance(shape_.dormant)
                       ? shape_.dormant_a_day
                       : std::min(shape_.most_a_day, std::exp(normal() * shape_.sigma) * shape_.median_a_day);
    if (shape_.user_sigma > 0)
      person.use_factor = std::exp(shape_.user_sigma * normal() - shape_.user_sigma * shape_.user_sigma / 2);
    people_.push_back(person);
    static const double kMeanRhythm = mean_rhythm();
    const double mean_gap = kDay / person.a_day;
    // Those that would come at night do not: as long a history as there were coupons for has more days.
    double at = -uniform(shape_.tenure_days) * kDay / kMeanRhythm;
    for (at += wait(mean_gap); at < kTailEnd; at += wait(mean_gap)) {
      if (!suits(at)) continue;
      const auto stock = static_cast<std::uint32_t>(uniform(0, kOrdinaryStocks));
      if (at < kLivedFrom) {
        add_old(user, stock, at);
      } else {
        add_coupon(user, stock, at, shape_.valid_days, shape_.pending);
      }
    }
  }

  void add_old(std::size_t user, std::uint32_t stock, double at) {
    WorldCoupon coupon{stock, at, at, at + 20 * kDay, {{at, WorldState::effective, false}}};
    if (chance(shape_.used)) {
      coupon.events.push_back({at + std::floor(uniform(1, 20)) * kDay, WorldState::used, true});
    } else {
      coupon.events.push_back({coupon.ends, WorldState::expired, false});
    }
    world_.users[user].push_back(std::move(coupon));
  }

  void add_coupon(std::size_t user, std::uint32_t stock, double at, Span valid_days, double pending) {
    WorldCoupon coupon{stock, at, at, 0, {}};
    const bool is_pending = chance(pending);
    if (is_pending) coupon.begins = at + uniform(1, 3) * kDay;
    coupon.ends = coupon.begins + uniform(valid_days) * kDay;
    coupon.events.push_back({at, is_pending ? WorldState::pending : WorldState::effective, false});
    if (is_pending) coupon.events.push_back({coupon.begins, WorldState::effective, false});
    if (chance(shape_.deleted)) {
      coupon.events.push_back({uniform(coupon.begins, coupon.ends), WorldState::deleted, false});
    } else if (!chance(std::min(0.95, shape_.used * people_[user].use_factor)) || !use(coupon)) {
      coupon.events.push_back({coupon.ends, WorldState::expired, false});
    }
    world_.users[user].push_back(std::move(coupon));
  }

  /// False: it was not used up before its end.
  bool use(WorldCoupon& coupon) {
    const int uses = chance(shape_.sequential) ? 2 + static_cast<int>(uniform(0, 6)) : 1;
    const double validity = coupon.ends - coupon.begins;
    double at = coupon.begins;
    for (int number = 1; number <= uses; ++number) {
      const double before = at;
      if (number == 1 && chance(shape_.used_late)) {
        at = coupon.ends - wait(validity * 0.07);
      } else {
        at += wait(validity * shape_.use_after / uses);
      }
      if (shape_.has_hours && at < coupon.ends) at = at_busy_hour(at, {before, coupon.ends});
      if (at >= coupon.ends || at < coupon.begins) return false;
      coupon.events.push_back({at, number == uses ? WorldState::used : WorldState::effective, true});
    }
    if (!chance(shape_.returned)) return true;
    const double back = at + wait(kDay);
    if (back >= coupon.ends) return true;
    coupon.events.push_back({back, WorldState::effective, false});
    return false;
  }

  void make_campaigns() {
    const CampaignShape& often = shape_.campaign;
    for (double at = kLivedFrom + uniform(0, often.every_days) * kDay; at < kTailEnd;
         at += wait(often.every_days * kDay))
      make_campaign(at, often);
    if (!shape_.weekly) return;
    for (double day = -32; day * kDay < kTailEnd; day += 7)
      make_campaign(day * kDay + 10 * kHour, *shape_.weekly);
  }

  void make_campaign(double at, const CampaignShape& campaign) {
    const auto stock = static_cast<std::uint32_t>(world_.sends.size());
    world_.sends.emplace_back();
    const auto weight = [&](const Person& person) {
      return std::pow(person.a_day + 0.002, campaign.by_activity);
    };
    double sum = 0;
    for (const Person& person : people_) sum += weight(person);
    const double mean = sum / static_cast<double>(people_.size());
    for (std::size_t user = 0; user < people_.size(); ++user) {
      if (!chance(std::min(0.95, campaign.share * weight(people_[user]) / mean))) continue;
      const double sent = at + uniform(0, campaign.hours) * kHour;
      add_coupon(user, stock, sent, campaign.valid_days, campaign.pending);
    }
  }

  /// Who uses one coupon may use another one minutes later.
  void join_visits(std::vector<WorldCoupon>& coupons) {
    std::vector<double> visits;
    for (const WorldCoupon& coupon : coupons) {
      const WorldEvent& last = coupon.events.back();
      if (coupon.received >= kLivedFrom && last.state == WorldState::used && chance(shape_.same_visit))
        visits.push_back(last.at);
    }
    for (const double at : visits) {
      const auto other = std::ranges::find_if(coupons, [&](const WorldCoupon& coupon) {
        return coupon.received >= kLivedFrom && coupon.begins < at && coupon.ends > at + 900 &&
               coupon.events.back().state == WorldState::expired &&
               std::ranges::none_of(coupon.events, &WorldEvent::is_use);
      });
      if (other != coupons.end()) other->events.back() = {at + uniform(30, 600), WorldState::used, true};
    }
  }

  static void put_in_order(std::vector<WorldCoupon>& coupons) {
    for (WorldCoupon& coupon : coupons) {
      std::erase_if(coupon.events, [](const WorldEvent& event) { return event.at >= kTailEnd; });
    }
    std::erase_if(coupons, [](const WorldCoupon& coupon) { return coupon.events.empty(); });
    std::ranges::stable_sort(coupons, {}, [](const WorldCoupon& coupon) { return coupon.events.front().at; });
  }

  /// The brand sends half as many again to users who are not mirrored.
  void count_sends() {
    for (const auto& coupons : world_.users) {
      for (const WorldCoupon& coupon : coupons) {
        auto& sends = world_.sends[coupon.stock];
        sends.push_back(coupon.received);
        if (chance(0.5)) sends.push_back(coupon.received + uniform(-300, 300));
      }
    }
    for (auto& sends : world_.sends) std::ranges::sort(sends);
  }

  Shape shape_;
  std::mt19937_64 random_;
  World world_;
  std::vector<Person> people_;
};

}  // namespace

World make_world(std::string_view shape, std::uint64_t seed, std::size_t users) {
  return Maker(shape, seed, users).make();
}

}  // namespace couponsync::bench
