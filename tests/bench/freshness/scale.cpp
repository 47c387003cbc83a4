#include "bench/freshness/scale.h"

#include "sync/freshness/due_policy.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <random>
#include <vector>

namespace couponsync::bench {
namespace {

using Clock = std::chrono::steady_clock;

double microseconds_since(Clock::time_point began) {
  return std::chrono::duration<double, std::micro>(Clock::now() - began).count();
}

/// Twelve coupons over the last year.
ReadingSummary summary_of(std::mt19937_64& random, double now, std::vector<ShownCoupon>& coupons) {
  coupons.clear();
  for (int coupon = 0; coupon < 12; ++coupon) {
    const double age = std::uniform_real_distribution<>(0, 365 * kDaySeconds)(random);
    coupons.push_back({random() % 40, now - age, now - age, false, false, false});
  }
  ReadingSummary seen;
  seen.known = random() % 20 == 0 ? 120 : 12;
  seen.shows_all = true;
  seen.coupons = coupons;
  return seen;
}

}  // namespace

void play_scale(std::size_t listings) {
  std::mt19937_64 random(1);
  std::vector<ShownCoupon> coupons;
  DuePolicy policy;
  double now = 1'767'225'600;
  const double mean = static_cast<double>(listings) / 7200;
  policy.set_budget({mean, mean}, now);
  for (std::size_t id = 1; id <= listings; ++id) policy.add(static_cast<ListingId>(id));
  for (std::size_t id = 1; id <= listings; ++id) {
    now += 1e-4;
    policy.observe(static_cast<ListingId>(id), ReadingKind::whole, summary_of(random, now, coupons), now);
  }
  double all = 0;
  double longest = 0;
  std::size_t decisions = 0;
  std::size_t readings = 0;
  for (const double end = now + 3600; now < end;) {
    auto began = Clock::now();
    const DuePolicy::Choice choice = policy.next(now);
    double cost = microseconds_since(began);
    if (choice.reading) {
      const ReadingSummary seen = summary_of(random, now, coupons);
      began = Clock::now();
      policy.observe(choice.reading->listing, choice.reading->kind, seen, now);
      cost += microseconds_since(began);
      ++readings;
    } else {
      now = choice.wait_until;
    }
    all += cost;
    longest = std::max(longest, cost);
    ++decisions;
  }
  std::printf(
      "%zu listings: %zu readings in an hour, %.2f us a decision, the longest %.0f us, %.1f bytes a "
      "listing\n",
      listings, readings, all / static_cast<double>(decisions), longest,
      static_cast<double>(policy.bytes()) / static_cast<double>(listings));
}

}  // namespace couponsync::bench
