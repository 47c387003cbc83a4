#pragma once

#include "sync/freshness/moment.h"

#include <cstdint>

namespace couponsync {

/// How often one user receives coupons, and how much more often than others he uses them: counts that fade,
/// each with what it is to be compared with.
struct ChangeRecord {
  float receipts = 0;       ///< those of stocks that are sent in bursts are not counted
  float watched = 0;        ///< seconds over which they came, faded alike
  float uses = 0;           ///< and deletions
  float expected_uses = 0;  ///< of an average user with the same coupons
  std::uint32_t updated = 0;
};
static_assert(sizeof(ChangeRecord) == 20);

/// The rates of all users of a brand, each drawn towards the mean of all: one who is hardly known has the
/// mean's, one who was watched for long his own. Pure.
class ChangeRates {
 public:
  static constexpr double kReceiptHalfLife = 60 * kDaySeconds;
  static constexpr double kUseHalfLife = 45 * kDaySeconds;
  /// What a new listing is taken to have been watched for though it shows no coupon.
  static constexpr double kShortestHistory = 30 * kDaySeconds;

  /// The weight of a receipt so long ago.
  static double weight(double age) { return decayed_share(age, kReceiptHalfLife); }
  /// The faded seconds since a moment so long ago.
  static double weighted_seconds(double age);

  /// Lets the record fade until now: before anything is added to it.
  void settle(ChangeRecord& record, Moment now);
  /// Replaces what was counted as received, or as watched; the record is settled.
  void set_receipts(ChangeRecord& record, double faded);
  void set_watched(ChangeRecord& record, double faded);
  void add_receipts(ChangeRecord& record, double receipts);
  void add_watched(ChangeRecord& record, double seconds);
  void remove(ChangeRecord& record, Moment now);

  /// Receipts a second of the average user.
  double mean() const { return (receipts_ + kPriorReceipts) / (watched_ + kPriorReceipts * kPriorGap); }
  /// Receipts a second.
  double receipt_rate(const ChangeRecord& record) const;
  /// How many times as often as others he uses what he has.
  static double use_factor(const ChangeRecord& record);

 private:
  static constexpr double kPriorReceipts = 1;  ///< of the mean itself
  static constexpr double kPriorGap = 60 * kDaySeconds;
  void settle_sums(Moment now);

  double receipts_ = 0;
  double watched_ = 0;
  Moment updated_ = 0;
};

}  // namespace couponsync
