#include "sync/freshness/campaigns.h"

#include <algorithm>
#include <numeric>

namespace couponsync {
namespace {

constexpr double kLastsAtMost = 18 * kHourSeconds;
constexpr std::size_t kMostActive = 16;
constexpr std::size_t kMostPoints = 32;
constexpr double kPointSpacing = 60;
/// Fewer sends prove nothing.
constexpr double kLeastSends = 10;
constexpr double kLeastRise = 8;
constexpr double kShortestRise = 300;
constexpr double kLongestRise = 2 * kHourSeconds;
/// Of the rate of all other receipts.
constexpr double kLeastShare = 0.5;
/// A stock that always goes fast is no campaign: so many times its own pace of the days before.
constexpr double kTimesItself = 4;
constexpr double kAnchorSeconds = kDaySeconds;
/// Sends that the prior share weighs.
constexpr double kPriorSends = 3;
constexpr double kMostFound = 2000;

}  // namespace

double Campaign::found() const { return std::accumulate(found_.begin(), found_.end(), 0.0); }

void Campaign::refresh(Moment now) {
  pace_ = std::max(0.0, curve_.pace_at(now));
  const double exposed = std::accumulate(exposed_.begin(), exposed_.end(), 0.0);
  const double of_all = (found() + kPriorSends * prior_share_) / (exposed + kPriorSends);
  for (std::size_t group = 0; group < kUserGroups; ++group)
    share_[group] = (found_[group] + kPriorSends * of_all) / (exposed_[group] + kPriorSends);
}

void Campaigns::add_point(Counter& counter, const Point& point) {
  auto& points = counter.points;
  // Of sightings that come fast, the latest stands for all; a counter that stands still needs two points.
  const bool is_same = points.size() > 1 && points.back().sends == point.sends &&
                       points[points.size() - 2].sends == point.sends;
  if (is_same || (points.size() > 2 && point.at - points[points.size() - 2].at < kPointSpacing)) {
    points.back() = point;
  } else {
    points.push_back(point);
  }
  if (points.size() > kMostPoints) points.erase(points.begin());
  if (counter.next_anchor.at == 0 || point.at - counter.next_anchor.at > kAnchorSeconds) {
    counter.anchor = counter.next_anchor;
    counter.next_anchor = point;
  }
}

bool Campaigns::is_rising(const Counter& counter, double sends_per_second) {
  const Point& last = counter.points.back();
  double own = 0;
  if (counter.anchor.at > 0)
    own = (counter.next_anchor.sends - counter.anchor.sends) / (counter.next_anchor.at - counter.anchor.at);
  const double least = std::max(sends_per_second, kTimesItself * own);
  for (auto point = counter.points.rbegin() + 1; point != counter.points.rend(); ++point) {
    const double rise = last.sends - point->sends;
    const double seconds = std::max(kShortestRise, last.at - point->at);
    if (rise >= kLeastRise && rise / seconds > least) return true;
    if (seconds > kLongestRise) break;
  }
  return false;
}

bool Campaigns::sight(const StockCount& count, Moment first_received, Moment now, const Ordinary& ordinary) {
  if (Campaign* known = find(count.stock)) {
    known->curve().add(now, static_cast<double>(count.sends));
    return false;
  }
  Counter& counter = counters_[count.stock];
  const Point point{now, static_cast<double>(count.sends)};
  if (!counter.points.empty() && now <= counter.points.back().at) return false;
  // A stock of which nobody had a coupon a day ago began at nothing.
  if (counter.points.empty() && now - first_received < kDaySeconds)
    counter.points.push_back({std::min(now - kPointSpacing, first_received), 0});
  const bool has_risen = counter.points.empty() || point.sends > counter.points.back().sends;
  add_point(counter, point);
  if (!has_risen || counter.points.size() < 2 || point.sends < kLeastSends) return false;
  if (now - counter.over < kHourSeconds) return false;
  if (!is_rising(counter, kLeastShare * ordinary.receipts_per_second / coverage())) return false;
  begin(count.stock, counter, now, ordinary.users);
  return true;
}

void Campaigns::begin(StockKey stock, Counter& counter, Moment now, std::size_t users) {
  if (active_.size() >= kMostActive) {
    end(active_.front(), now);
    active_.erase(active_.begin());
  }
  SendCurve curve(counter.points.front().at, counter.points.front().sends);
  for (const Point& point : counter.points) {
    if (now - point.at < kDaySeconds / 4)
      curve.add(point.at, point.sends);
    else
      curve = SendCurve(point.at, point.sends);
  }
  active_.emplace_back(stock, std::move(curve), coverage() / static_cast<double>(users), now);
}

void Campaigns::end(const Campaign& campaign, Moment now) {
  found_ += campaign.found();
  sent_ += campaign.curve().at(now) - campaign.curve().at(0);
  if (found_ > kMostFound) {
    sent_ *= kMostFound / found_;
    found_ = kMostFound;
  }
  Counter& counter = counters_[campaign.stock()];
  counter = {};
  counter.points.push_back({now, campaign.curve().at(now)});
  counter.over = now;
}

void Campaigns::refresh(Moment now) {
  std::erase_if(active_, [&](const Campaign& campaign) {
    if (now - campaign.noticed() < kLastsAtMost) return false;
    end(campaign, now);
    return true;
  });
  for (Campaign& campaign : active_) campaign.refresh(now);
}

Campaign* Campaigns::find(StockKey stock) {
  for (Campaign& campaign : active_) {
    if (campaign.stock() == stock) return &campaign;
  }
  return nullptr;
}

}  // namespace couponsync
