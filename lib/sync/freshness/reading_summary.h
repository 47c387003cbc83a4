#pragma once

#include "sync/freshness/moment.h"

#include <cstdint>
#include <optional>
#include <span>

namespace couponsync {

/// Which request reads a listing, and so what its reply can show.
enum class ReadingKind : std::uint8_t {
  whole,      ///< all pages without a filter: everything
  effective,  ///< narrowed to EFFECTIVE: receipts already effective, partial uses, returns, what left
  count,      ///< the first page without a filter: total_count, and the rows that happen to be on it
  pending,    ///< narrowed to PENDING
  stock,      ///< narrowed to one stock, any state: where the coupons of it went
};

/// Why a reading is done; for counting.
enum class ReadingPurpose : std::uint8_t { regular, sweep, detail };

/// The caller's number for a stock, stable for as long as the policy lives.
using StockKey = std::uint64_t;

/// A coupon whose row the reply held. Kinds of reading that show a part of the listing have a part of it.
struct ShownCoupon {
  StockKey stock = 0;
  Moment received = 0;
  Moment begins = 0;
  bool is_new = false;        ///< no row of it was in the mirror before
  bool is_pending = false;    ///< now
  bool is_effective = false;  ///< now
};

/// A use, in part or in full, or a deletion that the mirror did not have before.
struct ShownUse {
  Moment at = 0;  ///< use_time; of a deletion, which has no time, the time of the reading
  Moment begins = 0;
  Moment ends = 0;
  bool was_partly_used = false;
  bool is_deletion = false;
  bool is_of_new_coupon = false;
};

/// A coupon that is EFFECTIVE as far as the mirror knows, and its end is ahead.
struct LiveCoupon {
  Moment received = 0;
  Moment begins = 0;
  Moment ends = 0;
  bool is_partly_used = false;
};

/// sent_count_info.total_count of a stock, as a coupon of it in the reply told it.
struct StockCount {
  StockKey stock = 0;
  std::uint64_t sends = 0;
};

/// What a reading showed and how the mirror stands behind it: all that the policy is told. The spans live as
/// long as the call.
struct ReadingSummary {
  std::uint32_t requests = 1;
  std::uint32_t known = 0;             ///< coupons of this listing in the mirror, missing ones not counted
  std::optional<std::uint32_t> total;  ///< total_count of a reading without a filter
  /// `coupons` are all of the listing, so that what they say of its past may be counted anew. Of a reading
  /// too long for that, those that are new are enough.
  bool shows_all = false;
  std::span<const ShownCoupon> coupons;
  std::span<const ShownUse> uses;
  std::span<const LiveCoupon> live;
  std::span<const StockCount> stocks;
  /// EFFECTIVE readings: stocks of the coupons that were live at the reading before and that this one did
  /// not show, each once.
  std::span<const StockKey> left;
};

}  // namespace couponsync
