#pragma once

#include "base/coupon.h"
#include "base/time.h"
#include "store/records.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace couponsync {

/// A watched listing that cannot be read at the moment. It is named as the logs name it.
struct FailingListing {
  ListingId id = 0;
  std::string log_name;
  std::int64_t failures = 0;
  Instant last_completed_at;
  Instant next_due_at;
  Text last_error_code;
  Text last_error;
  Text last_request_id;
};

struct StateCount {
  Text coupon_state;
  std::int64_t listed = 0;
  std::int64_t missing = 0;
};

struct RunSummary {
  RunId id = 0;
  std::string trigger;
  UnixSeconds started_at = 0;
  Instant finished_at;  ///< absent: it is under way, or was interrupted
  RunCounters counters;
};

/// How many watched listings were last complete at that time.
struct CompletedCount {
  UnixSeconds at = 0;
  std::int64_t all = 0;
  std::int64_t failing = 0;  ///< of these
};

/// The watched listings, counted.
struct ListingCounts {
  std::int64_t watched = 0;
  std::int64_t never_completed = 0;
  std::int64_t failing = 0;
  std::int64_t pages = 0;                 ///< that reading all of them takes, as far as known
  std::vector<CompletedCount> completed;  ///< those that were ever complete, the oldest first
};

/// What a mirror says of itself at one moment.
struct MirrorStatus {
  int schema_version = 0;
  Text brand_id;   ///< whose it is; absent: nobody's yet
  Text mirror_id;  ///< made with it
  ListingCounts listings;
  std::int64_t listings_unwatched = 0;
  std::vector<FailingListing> failing;  ///< those failing the longest, as many as asked for
  std::vector<StateCount> states;
  std::int64_t changes = 0;             ///< the change feed's last seq
  std::vector<RunSummary> last_runs;    ///< the newest first
  std::optional<LearnedQuota> learned;  ///< absent: the quota was not met yet
  std::uintmax_t file_bytes = 0;
  std::uintmax_t log_bytes = 0;  ///< the write-ahead log's file
};

struct MirrorStatusOptions {
  std::size_t failing = 20;
  std::size_t runs = 5;
  /// `states` and `changes` as well. Counting coupons reads all of them, everything else only the listings.
  bool coupons = true;
  /// Who knows them need not have them counted: that looks at every listing's row.
  std::shared_ptr<const ListingCounts> listings{};
  /// Ends the reading early, with a MirrorError.
  std::stop_token stop{};
};

}  // namespace couponsync
