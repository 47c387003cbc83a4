#include "sync/freshness/brand_model.h"

#include <algorithm>

namespace couponsync {
namespace {

constexpr double kMostPending = 0.9;
constexpr double kDailyShare = 0.98;

bool shows_live(ReadingKind kind) { return kind == ReadingKind::whole || kind == ReadingKind::effective; }

}  // namespace

double BrandModel::recount(const ReadingSummary& seen, Moment now) const {
  double receipts = 0;
  for (const ShownCoupon& coupon : seen.coupons) {
    if (!bursts_.is_burst(coupon.stock)) receipts += ChangeRates::weight(now - coupon.received);
  }
  return receipts;
}

void BrandModel::learn_history(const ReadingSummary& seen, Moment now) {
  for (const ShownCoupon& coupon : seen.coupons) {
    bursts_.add(coupon.stock, coupon.received);
    if (!bursts_.is_burst(coupon.stock))
      receipt_hours_.add(coupon.received, ChangeRates::weight(now - coupon.received));
  }
  for (const ShownUse& use : seen.uses) {
    if (!use.is_deletion) use_hours_.add(use.at, ChangeRates::weight(now - use.at));
  }
}

void BrandModel::observe_first(ListingRecord& record, const ReadingSummary& seen, Moment now) {
  learn_history(seen, now);
  changes_.settle(record.changes, now);
  double age = ChangeRates::kShortestHistory;
  for (const ShownCoupon& coupon : seen.coupons) age = std::max(age, now - coupon.received);
  changes_.set_receipts(record.changes, recount(seen, now));
  changes_.set_watched(record.changes, ChangeRates::weighted_seconds(age));
  sight(seen, now);
  update_hazard(record, seen, now);
}

void BrandModel::observe(ListingRecord& record, ReadingKind kind, const ReadingSummary& seen, Moment main_at,
                         Moment now) {
  changes_.settle(record.changes, now);
  if (shows_live(kind)) learn_watched(record, seen, main_at, now);
  learn_receipts(record, seen);
  learn_uses(record, seen);
  sight(seen, now);
  // By now it may be known that some of what was counted came in bursts.
  if (seen.shows_all) changes_.set_receipts(record.changes, recount(seen, now));
  update_hazard(record, seen, now);
}

void BrandModel::learn_watched(ListingRecord& record, const ReadingSummary& seen, Moment main_at,
                               Moment now) {
  const double seconds = std::max(0.0, now - main_at);
  changes_.add_watched(record.changes, seconds);
  record.changes.expected_uses += static_cast<float>(record.hazard * seconds);
  for (const LiveCoupon& coupon : seen.live) hazard_.add_watched(coupon, main_at, now);
  for (Campaign& campaign : campaigns_.active()) {
    const bool has_it = std::ranges::any_of(seen.coupons, [&](const ShownCoupon& coupon) {
      return coupon.stock == campaign.stock() && !coupon.is_new;
    });
    if (!has_it) campaign.add_exposed(record.group, campaign.curve().at(now) - campaign.curve().at(main_at));
  }
}

void BrandModel::learn_receipts(ListingRecord& record, const ReadingSummary& seen) {
  for (const ShownCoupon& coupon : seen.coupons) {
    if (!coupon.is_new) continue;
    pending_.all += 1;
    if (coupon.is_pending) pending_.part += 1;
    bursts_.add(coupon.stock, coupon.received);
    if (Campaign* campaign = campaigns_.find(coupon.stock)) {
      campaign->add_found(record.group);
    } else if (!bursts_.is_burst(coupon.stock)) {
      changes_.add_receipts(record.changes, 1);
      receipt_hours_.add(coupon.received);
      receipts_.part += 1;
      receipts_.all += 1;
    }
  }
}

void BrandModel::learn_uses(ListingRecord& record, const ReadingSummary& seen) {
  for (const ShownUse& use : seen.uses) {
    record.changes.uses += 1;
    hazard_.add_use(use);
    receipts_.all += 1;
    if (!use.is_deletion) use_hours_.add(use.at);
  }
}

void BrandModel::sight(const ReadingSummary& seen, Moment now) {
  if (!is_settled_) return;
  const Campaigns::Ordinary ordinary{mean_receipt_rate() * static_cast<double>(users_), users_};
  for (const StockCount& count : seen.stocks) {
    if (campaigns_.sight(count, bursts_.first_received(count.stock), now, ordinary))
      bursts_.mark(count.stock);
  }
}

void BrandModel::update_hazard(ListingRecord& record, const ReadingSummary& seen, Moment now) const {
  double sum = 0;
  for (const LiveCoupon& coupon : seen.live) sum += hazard_.of(coupon, now);
  record.hazard = static_cast<float>(sum);
}

void BrandModel::refresh(std::size_t users, Moment now) {
  users_ = std::max<std::size_t>(1, users);
  campaigns_.refresh(now);
  if (now - hour_at_ >= kHourSeconds) {
    hour_at_ = now;
    hazard_.refresh();
    receipt_hours_.refresh();
    use_hours_.refresh();
  }
  if (day_at_ == 0) day_at_ = now;
  if (now - day_at_ < kDaySeconds) return;
  day_at_ = now;
  hazard_.fade();
  receipt_hours_.fade();
  use_hours_.fade();
  for (Share* share : {&pending_, &receipts_}) *share = {share->part * kDailyShare, share->all * kDailyShare};
}

BrandModel::Rates BrandModel::rates(const ListingRecord& record) const {
  return {changes_.receipt_rate(record.changes), ChangeRates::use_factor(record.changes) * record.hazard};
}

std::size_t BrandModel::group_of(double receipt_rate) const {
  const double of_mean = receipt_rate / mean_receipt_rate();
  if (of_mean < 0.2) return 0;
  if (of_mean < 0.7) return 1;
  return of_mean < 2 ? 2 : 3;
}

double BrandModel::pending_share() const { return std::min(kMostPending, pending_.value()); }

double BrandModel::busy_seconds(Moment from, Moment to) const {
  const double receipts = receipts_.value();
  return receipts * receipt_hours_.between(from, to) + (1 - receipts) * use_hours_.between(from, to);
}

BrandModel::Expected BrandModel::expected(double rate, std::size_t group, double receipts_shown, Moment from,
                                          Moment to) const {
  Expected sum{rate * busy_seconds(from, to), rate};
  for (const Campaign& campaign : campaigns_.active()) {
    const double share = receipts_shown * campaign.share(group);
    sum.changes += share * std::max(0.0, campaign.curve().at(to) - campaign.curve().at(from));
    sum.rate += share * campaign.pace();
  }
  return sum;
}

}  // namespace couponsync
