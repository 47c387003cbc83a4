#pragma once

#include "bench/freshness/delay_score.h"
#include "bench/freshness/world.h"
#include "sync/freshness/reading_summary.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace couponsync::bench {

/// Answers readings of a world as the API would, keeps what a mirror would have of it, and tells the score
/// what came new. Times never go back.
class ModelMirror {
 public:
  ModelMirror(const World& world, DelayScore& score, bool is_derived);

  /// What a reading at that time costs, in requests.
  std::uint32_t cost(std::size_t user, ReadingKind kind, StockKey stock, double at);
  /// Reads: as of `at`, in the mirror at `done`. The summary holds until the next call; its times are Unix
  /// seconds.
  const ReadingSummary& read(std::size_t user, ReadingKind kind, StockKey stock, double at, double done);
  /// What was never seen counts as seen at the end.
  void finish();

 private:
  struct Coupon {
    const WorldCoupon* world = nullptr;
    std::uint16_t happened = 0;  ///< events
    std::uint16_t mirrored = 0;
    std::uint16_t uses = 0;  ///< of the mirrored ones
  };
  struct User {
    std::vector<Coupon> coupons;
    std::size_t arrived = 0;
    std::size_t known = 0;
    std::vector<std::uint32_t> open;  ///< arrived, and live or not mirrored to its end
  };
  static WorldState state(const Coupon& coupon);
  static WorldState mirrored_state(const Coupon& coupon);
  static bool is_shown(const Coupon& coupon, ReadingKind kind, StockKey stock);
  void advance(User& user, double at);
  void mirror(User& user, Coupon& coupon, double at, double done);
  void show(const Coupon& coupon, bool is_new);
  void show_stock(std::uint32_t stock, double at);
  void show_live(const Coupon& coupon, double at);
  bool is_derived(const Coupon& coupon, std::size_t event) const;

  const World& world_;
  DelayScore& score_;
  bool derives_;
  std::vector<User> users_;
  std::vector<std::size_t> sent_;        ///< of each stock until now
  std::vector<std::uint64_t> shown_by_;  ///< the last reading that showed the stock
  std::uint64_t readings_ = 0;

  ReadingSummary summary_;
  std::vector<ShownCoupon> coupons_;
  std::vector<ShownUse> uses_;
  std::vector<LiveCoupon> live_;
  std::vector<StockCount> stocks_;
  std::vector<StockKey> left_;
};

}  // namespace couponsync::bench
