#pragma once

#include "sync/freshness/campaigns.h"
#include "sync/freshness/change_rate.h"
#include "sync/freshness/coupon_hazard.h"
#include "sync/freshness/listing_records.h"
#include "sync/freshness/reading_summary.h"
#include "sync/freshness/stock_bursts.h"
#include "sync/freshness/week_profile.h"

#include <cstddef>

namespace couponsync {

/// All that is learned from what the readings of one brand's listings show, and the rates that follow from
/// it. Pure.
class BrandModel {
 public:
  /// Changes a second of one listing, by what would show them; at a mean hour and outside campaigns.
  struct Rates {
    double receipts = 0;
    double uses = 0;
    double all() const { return receipts + uses; }
  };
  struct Expected {
    double changes = 0;  ///< over the time asked about
    double rate = 0;     ///< a second, at its end
  };

  /// The first whole reading: its history says how often the user receives coupons.
  void observe_first(ListingRecord& record, const ReadingSummary& seen, Moment now);
  /// A reading; `main_at` is when all but the pending coupons were read last.
  void observe(ListingRecord& record, ReadingKind kind, const ReadingSummary& seen, Moment main_at,
               Moment now);
  void forget(ListingRecord& record, Moment now) { changes_.remove(record.changes, now); }
  /// Once a minute, while `users` are watched.
  void refresh(std::size_t users, Moment now);

  Rates rates(const ListingRecord& record) const;
  /// Of users of like activity.
  std::size_t group_of(double receipt_rate) const;
  /// Of the receipts, those that are first seen PENDING.
  double pending_share() const;
  /// What is to be expected of one user, of that group, at that rate, between two moments; a reading that
  /// shows a part of the receipts alone is told which share of a campaign's it shows.
  Expected expected(double rate, std::size_t group, double receipts_shown, Moment from, Moment to) const;

  const Campaigns& campaigns() const { return campaigns_; }
  double mean_receipt_rate() const { return changes_.mean(); }
  /// Campaigns are looked for once most listings were read; before, every counter is new.
  void set_settled(bool is_settled) { is_settled_ = is_settled; }

 private:
  struct Share {
    double part;
    double all;
    double value() const { return part / all; }
  };
  double recount(const ReadingSummary& seen, Moment now) const;
  void learn_history(const ReadingSummary& seen, Moment now);
  void learn_watched(ListingRecord& record, const ReadingSummary& seen, Moment main_at, Moment now);
  void learn_receipts(ListingRecord& record, const ReadingSummary& seen);
  void learn_uses(ListingRecord& record, const ReadingSummary& seen);
  void sight(const ReadingSummary& seen, Moment now);
  void update_hazard(ListingRecord& record, const ReadingSummary& seen, Moment now) const;
  double busy_seconds(Moment from, Moment to) const;

  ChangeRates changes_;
  CouponHazard hazard_;
  WeekProfile receipt_hours_;
  WeekProfile use_hours_;
  StockBursts bursts_;
  Campaigns campaigns_;
  Share pending_{0.2, 1};
  Share receipts_{1, 2};  ///< of all changes
  std::size_t users_ = 1;
  bool is_settled_ = false;
  Moment hour_at_ = 0;
  Moment day_at_ = 0;
};

}  // namespace couponsync
