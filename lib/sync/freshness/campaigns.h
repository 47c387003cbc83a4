#pragma once

#include "sync/freshness/reading_summary.h"
#include "sync/freshness/send_curve.h"

#include <boost/unordered/unordered_flat_map.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace couponsync {

/// Users of like activity: how likely a campaign is to reach them is learned for each.
constexpr std::size_t kUserGroups = 4;

/// A stock that is being sent to many users at once.
class Campaign {
 public:
  Campaign(StockKey stock, SendCurve curve, double prior_share, Moment noticed)
      : stock_(stock), curve_(std::move(curve)), prior_share_(prior_share), noticed_(noticed) {
    refresh(noticed);
  }

  StockKey stock() const { return stock_; }
  Moment noticed() const { return noticed_; }
  SendCurve& curve() { return curve_; }
  const SendCurve& curve() const { return curve_; }
  /// Receipts to be expected by one user of that group for one send.
  double share(std::size_t group) const { return share_[group]; }
  /// A reading of a user without this coupon, over which so many were sent.
  void add_exposed(std::size_t group, double sends) { exposed_[group] += sends; }
  void add_found(std::size_t group) { found_[group] += 1; }
  double found() const;
  /// Sends a second, as of the last refresh.
  double pace() const { return pace_; }
  void refresh(Moment now);

 private:
  StockKey stock_;
  SendCurve curve_;
  double prior_share_;
  Moment noticed_;
  double pace_ = 0;
  std::array<double, kUserGroups> found_{};
  std::array<double, kUserGroups> exposed_{};
  std::array<double, kUserGroups> share_{};
};

/// Finds campaigns in the stocks' counters of sends, which every reply of every user shows. Pure.
class Campaigns {
 public:
  /// What a counter must outrun to be a campaign's.
  struct Ordinary {
    double receipts_per_second = 0;  ///< of all users, apart from campaigns
    std::size_t users = 1;
  };

  /// The counter as of `now`; `first_received` is when the first coupon of it that is known came.
  /// True: it is a campaign from now on.
  bool sight(const StockCount& count, Moment first_received, Moment now, const Ordinary& ordinary);
  /// What is over is forgotten; the shares are learned. Once a minute.
  void refresh(Moment now);

  Campaign* find(StockKey stock);
  std::span<Campaign> active() { return active_; }
  std::span<const Campaign> active() const { return active_; }

 private:
  struct Point {
    Moment at = 0;
    double sends = 0;
  };
  struct Counter {
    std::vector<Point> points;  ///< the last day, at most one a minute
    Point anchor;               ///< of long ago
    Point next_anchor;
    Moment over = 0;  ///< when it was last a campaign
  };
  static void add_point(Counter& counter, const Point& point);
  static bool is_rising(const Counter& counter, double sends_per_second);
  double coverage() const { return found_ / sent_; }
  void begin(StockKey stock, Counter& counter, Moment now, std::size_t users);
  void end(const Campaign& campaign, Moment now);

  boost::unordered_flat_map<StockKey, Counter> counters_;
  std::vector<Campaign> active_;
  double found_ = 2;
  double sent_ = 5;
};

}  // namespace couponsync
