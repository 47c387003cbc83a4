#pragma once

#include "sync/freshness/moment.h"
#include "sync/freshness/reading_summary.h"

#include <boost/unordered/unordered_flat_map.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace couponsync {

/// Which stocks are sent in bursts, to many users within hours: their receipts say nothing about how often a
/// user receives coupons otherwise. Found from the receive times of all coupons, each told once. It keeps
/// the densest few spans of each stock, some 150 bytes a stock. Pure.
class StockBursts {
 public:
  void add(StockKey stock, Moment received);
  /// It was seen to be a campaign by its counters.
  void mark(StockKey stock);
  bool is_burst(StockKey stock) const;
  /// The first receipt that was ever told of it; nothing before the first: far in the future.
  Moment first_received(StockKey stock) const;

 private:
  static constexpr std::size_t kSpans = 12;
  struct Span {
    std::int32_t number = 0;
    std::uint32_t receipts = 0;
  };
  struct Stock {
    std::array<Span, kSpans> spans{};
    std::uint32_t receipts = 0;
    bool is_marked = false;
    bool is_burst = false;
    Moment first = std::numeric_limits<Moment>::max();
  };
  static void count(Stock& stock, std::int32_t span);
  static bool has_burst(const Stock& stock);

  boost::unordered_flat_map<StockKey, Stock> stocks_;
};

}  // namespace couponsync
