#include "store/quota_table.h"

namespace couponsync {

QuotaTable::QuotaTable(SQLite::Database& database)
    : keep_(database,
            "INSERT INTO learned_quota (id, requests_per_second, peak_requests_per_second, last_cut_at,"
            " observed_at) VALUES (1, ?1, ?2, ?3, ?4)"
            " ON CONFLICT DO UPDATE SET requests_per_second = excluded.requests_per_second,"
            " peak_requests_per_second = excluded.peak_requests_per_second,"
            " last_cut_at = excluded.last_cut_at, observed_at = excluded.observed_at"),
      get_(database,
           "SELECT requests_per_second, peak_requests_per_second, last_cut_at, observed_at"
           " FROM learned_quota") {}

void QuotaTable::keep(const LearnedQuota& quota) {
  keep_.run(quota.requests_per_second, quota.peak_requests_per_second, quota.last_cut_at, quota.observed_at);
}

std::optional<LearnedQuota> QuotaTable::get() {
  std::optional<LearnedQuota> quota;
  get_.query([&](const Row& row) {
    quota = LearnedQuota{.requests_per_second = row.real(0).value(),
                         .peak_requests_per_second = row.real(1).value(),
                         .last_cut_at = row.integer(2).value(),
                         .observed_at = row.integer(3).value()};
  });
  return quota;
}

}  // namespace couponsync
