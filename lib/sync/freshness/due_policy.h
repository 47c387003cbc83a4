#pragma once

#include "base/listing.h"
#include "sync/freshness/brand_model.h"
#include "sync/freshness/due_lists.h"
#include "sync/freshness/guards.h"
#include "sync/freshness/listing_records.h"
#include "sync/freshness/reading_summary.h"
#include "sync/freshness/request_budget.h"

#include <boost/unordered/unordered_flat_map.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

namespace couponsync {

/// Which listing to read next, and how much of it, so that with a given number of requests a change at the
/// server is in the mirror as soon as possible. The square root rule with learned rates: what changes four
/// times as often is read twice as often; what is sent to many at once is noticed in the stocks' counters and
/// everybody is read sooner while it goes on; no listing waits longer than the greatest age.
///
/// It is asked when nothing is due by a bound (new, asked for, hinted, failed): that is the DueQueue's, which
/// says what it gave to a reader (`taken`), so that nobody gets it a second time. A listing that failed stays
/// out until it is observed. What was chosen or taken comes back by `observe`
/// or `put_back`.
///
/// Holds no openid, does no I/O, has no clock; `now` never goes back. Some 90 bytes a listing; every call
/// costs the same for ten listings and for a million. Pure; on one thread.
class DuePolicy {
 public:
  struct Options {
    std::uint32_t page_size = 50;
    double longest_cycles = 1.6;  ///< the greatest age, in rounds of whole readings of everything
  };
  struct DueReading {
    ListingId listing = 0;
    ReadingKind kind = ReadingKind::whole;
    ReadingPurpose purpose = ReadingPurpose::regular;
    StockKey stock = 0;  ///< of a reading of one stock
  };
  /// Either a reading, or until when nothing is worth a request.
  struct Choice {
    std::optional<DueReading> reading;
    Moment wait_until = 0;
  };
  /// What reads all of a listing that can be read without its whole pages.
  struct Usual {
    ReadingKind main = ReadingKind::whole;
    std::optional<ReadingKind> receipts;  ///< of the pending coupons, where `main` does not show them
  };

  DuePolicy() : DuePolicy(Options{}) {}
  explicit DuePolicy(const Options& options) : options_(options) {}

  /// Watches the listing; it is the DueQueue's until its first whole reading. Nothing if it is there.
  void add(ListingId listing);
  void remove(ListingId listing, Moment now);
  void set_budget(const RequestBudget::Terms& terms, Moment now);

  Choice next(Moment now);
  /// The DueQueue gave it to a reader.
  void taken(ListingId listing);
  /// That one was not read after all: it may be chosen again.
  void put_back(ListingId listing);
  /// What was chosen was not read, and stands as it stood.
  void put_back(const DueReading& reading);
  /// The reading that was asked for at `now` is in the mirror. One that is watched no more is ignored.
  void observe(ListingId listing, ReadingKind kind, const ReadingSummary& seen, Moment now);
  /// How a listing that was hinted is read.
  Usual usual(ListingId listing) const;

  std::size_t size() const { return records_.size(); }
  std::size_t bytes() const;
  /// No main or receipts reading is older than that.
  double greatest_age() const;
  double sweep_seconds() const;
  const BrandModel& model() const { return model_; }
  const RequestBudget& budget() const { return budget_; }
  bool trusts_effective() const { return effective_guard_.is_trusted(); }
  bool trusts_counts() const { return count_guard_.is_trusted(); }
  bool trusts_rates() const { return forecast_guard_.is_trusted(); }

 private:
  using Slot = ListingRecords::Slot;
  using Arm = DueLists::Arm;
  using List = DueLists::List;
  enum ArmKind : std::uint8_t { kMain, kReceipts };
  struct FollowUp {
    DueReading reading;
    std::uint32_t total = 0;  ///< that a count showed and the mirror did not hold; 0: not asked
  };
  static Arm arm_of(Slot slot, ArmKind kind) { return slot * 2 + kind; }

  ReadingKind main_kind(const ListingRecord& record) const;
  ReadingKind receipts_kind() const;
  std::uint32_t pages(std::uint32_t coupons) const;
  std::uint32_t cost(const ListingRecord& record, ReadingKind kind) const;
  double main_rate(const ListingRecord& record) const;

  void refresh(Moment now);
  std::optional<DueReading> next_follow_up();
  std::optional<DueReading> next_sweep(Moment now);
  std::optional<DueReading> best(Moment now);
  Arm first_free(List list) const;
  double value(List list, Moment now) const;
  void update_values(Moment now);
  void withdraw(Slot slot);
  void look_again(Slot slot);
  DueReading choose(Slot slot, ReadingKind kind, ReadingPurpose purpose, StockKey stock = 0);

  void pay(ListingRecord& record, ReadingKind kind, std::uint32_t requests);
  void place(Slot slot, ReadingKind kind, bool is_same, Moment now);
  void postpone(Slot slot, Moment now);
  void follow(const ListingRecord& record, ReadingKind kind, const ReadingSummary& seen);
  void follow_count(const ListingRecord& record, const ReadingSummary& seen);
  void follow_up(ListingId listing, ReadingKind kind, StockKey stock, std::uint32_t total);
  void check(Slot slot, ReadingKind kind, const ReadingSummary& seen, Moment now);
  void check_whole(Slot slot, const ReadingSummary& seen);

  Options options_;
  ListingRecords records_;
  DueLists lists_;
  BrandModel model_;
  RequestBudget budget_;
  ProbeGuard effective_guard_;
  ProbeGuard count_guard_;
  ForecastGuard forecast_guard_;
  std::deque<FollowUp> follow_ups_;
  /// What a count had shown, of the follow-ups that are being read.
  boost::unordered_flat_map<ListingId, std::uint32_t> chained_totals_;
  std::size_t unread_ = 0;
  double pages_ = 0;     ///< of all listings
  double balanced_ = 1;  ///< what the last request is worth that the budget holds
  std::array<double, DueLists::kLists> values_{};
  std::size_t choices_until_update_ = 0;
  Moment updated_ = 0;
  Moment refreshed_ = 0;
  Moment chosen_ = 0;
  Slot sweep_ = 0;
};

}  // namespace couponsync
