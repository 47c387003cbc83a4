#include "sync/freshness/stock_bursts.h"

#include <algorithm>
#include <cmath>

namespace couponsync {
namespace {

constexpr std::uint32_t kLeastReceipts = 20;
constexpr double kSpanSeconds = 3 * kHourSeconds;
/// Six hours that begin anywhere touch that many spans.
constexpr std::int32_t kSpansOfBurst = 3;

}  // namespace

void StockBursts::add(StockKey stock, Moment received) {
  Stock& known = stocks_[stock];
  known.first = std::min(known.first, received);
  ++known.receipts;
  count(known, static_cast<std::int32_t>(std::floor(received / kSpanSeconds)));
  known.is_burst = known.is_marked || has_burst(known);
}

void StockBursts::mark(StockKey stock) {
  Stock& known = stocks_[stock];
  known.is_marked = true;
  known.is_burst = true;
}

/// Misra and Gries: a span that holds more than one in kSpans + 1 of all receipts is never lost, and is
/// counted short by no more than that share.
void StockBursts::count(Stock& stock, std::int32_t span) {
  Span* free = nullptr;
  for (Span& one : stock.spans) {
    if (one.receipts == 0) {
      free = &one;
    } else if (one.number == span) {
      ++one.receipts;
      return;
    }
  }
  if (free != nullptr) {
    *free = {span, 1};
    return;
  }
  for (Span& one : stock.spans) --one.receipts;
}

bool StockBursts::has_burst(const Stock& stock) {
  if (stock.receipts < kLeastReceipts) return false;
  for (const Span& start : stock.spans) {
    std::uint32_t together = 0;
    for (const Span& one : stock.spans) {
      if (one.number >= start.number && one.number < start.number + kSpansOfBurst) together += one.receipts;
    }
    if (together * 2 >= stock.receipts) return true;
  }
  return false;
}

bool StockBursts::is_burst(StockKey stock) const {
  const auto known = stocks_.find(stock);
  return known != stocks_.end() && known->second.is_burst;
}

Moment StockBursts::first_received(StockKey stock) const {
  const auto known = stocks_.find(stock);
  return known == stocks_.end() ? std::numeric_limits<Moment>::max() : known->second.first;
}

}  // namespace couponsync
