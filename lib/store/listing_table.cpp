#include "store/listing_table.h"

#include "base/coupon_state.h"
#include "store/listing_gone.h"

#include <algorithm>
#include <string>

namespace couponsync {
namespace {

/// Two readings that fail at the same bookmark are enough to give it up.
constexpr std::int64_t kBookmarkFailures = 2;

constexpr const char* kWatchSql =
    "INSERT INTO listing (appid, openid, product_coupon_id, stock_id, coupon_state, log_name, watched)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1)"
    " ON CONFLICT (appid, openid, product_coupon_id, stock_id, coupon_state)"
    " DO UPDATE SET watched = 1, log_name = excluded.log_name"
    " WHERE watched <> 1 OR log_name IS NOT excluded.log_name";

const std::string kSelectListing =
    "SELECT id, appid, openid, product_coupon_id, stock_id, coupon_state, next_page_token, pages_done,"
    " total_count, last_started_at, last_completed_at, next_due_at, failures,"
    " entries_done, last_probed_at FROM listing ";

// These write nothing if all is as it was, so that a page read again in the same second is no change.
constexpr const char* kKeepBookmarkSql =
    "UPDATE listing SET next_page_token = ?2, pages_done = ?3, total_count = ?4, last_started_at = ?5,"
    " entries_done = ?6, bookmark_failures = 0"
    " WHERE id = ?1 AND (next_page_token, pages_done, total_count, last_started_at, entries_done,"
    " bookmark_failures) IS NOT (?2, ?3, ?4, ?5, ?6, 0)";

constexpr const char* kCompleteSql =
    "UPDATE listing SET next_page_token = NULL, pages_done = ?2, total_count = ?3, last_started_at = ?4,"
    " last_completed_at = ?5, next_due_at = ?6, failures = 0, last_error_code = NULL, last_error = NULL,"
    " last_request_id = NULL, last_whole_at = coalesce(?7, last_whole_at),"
    " last_whole_order = coalesce(?8, last_whole_order), entries_done = ?9, bookmark_failures = 0"
    " WHERE id = ?1 AND (next_page_token, pages_done, total_count, last_started_at, last_completed_at,"
    " next_due_at, failures, last_error_code, last_error, last_request_id, last_whole_at, last_whole_order,"
    " entries_done, bookmark_failures)"
    " IS NOT (NULL, ?2, ?3, ?4, ?5, ?6, 0, NULL, NULL, NULL, coalesce(?7, last_whole_at),"
    " coalesce(?8, last_whole_order), ?9, 0)";

constexpr const char* kRecordFailureSql =
    "UPDATE listing SET failures = failures + 1, last_started_at = ?2, next_due_at = ?3,"
    " last_error_code = ?4, last_error = ?5, last_request_id = ?6,"
    " bookmark_failures = iif(next_page_token IS NULL OR bookmark_failures >= ?7, 0, bookmark_failures + 1),"
    " pages_done = iif(next_page_token IS NOT NULL AND bookmark_failures >= ?7, 0, pages_done),"
    " entries_done = iif(next_page_token IS NOT NULL AND bookmark_failures >= ?7, 0, entries_done),"
    " next_page_token = iif(bookmark_failures >= ?7, NULL, next_page_token)"
    " WHERE id = ?1";

Listing to_listing(const Row& row) {
  return {.id = row.integer(0).value(),
          .key = {.appid = row.text(1).value(),
                  .openid = Openid(row.text(2).value()),
                  .product_coupon_id = row.text(3).value(),
                  .stock_id = row.text(4).value(),
                  .coupon_state = row.text(5).value()},
          .next_page_token = row.text(6),
          .pages_done = row.integer(7).value(),
          .total_count = row.integer(8),
          .last_started_at = row.integer(9),
          .last_completed_at = row.integer(10),
          .next_due_at = row.integer(11),
          .failures = row.integer(12).value(),
          .entries_done = row.integer(13).value(),
          .last_probed_at = row.integer(14)};
}

Text if_any(const std::string& text) { return text.empty() ? Text{} : Text{text}; }

void require_row(int changed, ListingId listing) {
  if (changed != 1) throw ListingGone("no listing " + std::to_string(listing));
}

}  // namespace

ListingTable::ListingTable(SQLite::Database& database)
    : watch_(database, kWatchSql),
      find_(database, kSelectListing +
                          "WHERE appid = ?1 AND openid = ?2 AND product_coupon_id = ?3"
                          " AND stock_id = ?4 AND coupon_state = ?5"),
      get_(database, kSelectListing + "WHERE id = ?1"),
      watched_(database, "SELECT id FROM listing WHERE watched = 1"),
      watched_after_(database, "SELECT id FROM listing WHERE watched = 1 AND id > ?1 ORDER BY id LIMIT ?2"),
      narrowed_of_user_(database, kSelectListing +
                                      "WHERE appid = ?1 AND openid = ?2 AND watched = 1"
                                      " AND coupon_state <> '' ORDER BY id"),
      unwatch_(database, "UPDATE listing SET watched = 0 WHERE id = ?1"),
      keep_bookmark_(database, kKeepBookmarkSql),
      complete_(database, kCompleteSql),
      note_probe_(database,
                  "UPDATE listing SET last_probed_at = ?2 WHERE id = ?1 AND last_probed_at IS NOT ?2"),
      record_failure_(database, kRecordFailureSql),
      drop_bookmark_(database,
                     "UPDATE listing SET next_page_token = NULL, pages_done = 0, entries_done = 0,"
                     " bookmark_failures = 0 WHERE id = ?1"),
      watched_of_user_(database,
                       "SELECT id, product_coupon_id, stock_id, coupon_state, last_whole_order FROM listing"
                       " WHERE appid = ?1 AND openid = ?2 AND watched = 1") {}

std::vector<Listing> ListingTable::watch(std::span<const ListingKey> keys) {
  std::vector<Listing> states;
  states.reserve(keys.size());
  for (const ListingKey& key : keys) states.push_back(watch(key));
  return states;
}

Listing ListingTable::watch(const ListingKey& key) {
  const std::string& openid = key.openid.reveal();
  watch_.run(key.appid, openid, key.product_coupon_id, key.stock_id, key.coupon_state, key.openid.redacted());
  std::optional<Listing> state;
  find_.query([&](const Row& row) { state = to_listing(row); }, key.appid, openid, key.product_coupon_id,
              key.stock_id, key.coupon_state);
  return std::move(state).value();
}

void ListingTable::unwatch(std::span<const ListingId> listings) {
  for (const ListingId listing : listings) unwatch_.run(listing);
}

std::vector<ListingId> ListingTable::watched_after(ListingId after, std::size_t most) {
  std::vector<ListingId> ids;
  watched_after_.query([&](const Row& row) { ids.push_back(row.integer(0).value()); }, after,
                       static_cast<std::int64_t>(most));
  return ids;
}

std::vector<Listing> ListingTable::load_group(ListingId listing) {
  std::vector<Listing> group;
  const auto add = [&](const Row& row) { group.push_back(to_listing(row)); };
  get_.query(add, listing);
  if (group.empty()) return group;
  const ListingKey key = group.front().key;
  if (key.coupon_state.empty()) return group;
  narrowed_of_user_.query(
      [&](const Row& row) {
        if (row.integer(0) != listing) add(row);
      },
      key.appid, key.openid.reveal());
  std::ranges::stable_sort(group, {}, [](const Listing& one) {
    return life_stage(one.key.coupon_state).value_or(kCouponStates.size());
  });
  return group;
}

std::int64_t ListingTable::count_watched() {
  std::int64_t count = 0;
  watched_.query([&](const Row&) { ++count; });
  return count;
}

Listing ListingTable::get(ListingId listing) {
  std::optional<Listing> state;
  get_.query([&](const Row& row) { state = to_listing(row); }, listing);
  require_row(state ? 1 : 0, listing);
  return std::move(state).value();
}

void ListingTable::keep_bookmark(const PageCommit& commit, const Progress& progress) {
  keep_bookmark_.run(commit.listing, commit.page.next_page_token, commit.page_index + 1, progress.total_count,
                     progress.started_at, progress.entries);
}

void ListingTable::complete(const PageCommit& commit, const Progress& progress, Worth worth) {
  const Instant whole_at = worth.is_complete ? progress.started_at : Instant{};
  const Integer whole_order = worth.is_evidence ? commit.seen.reading_began : Integer{};
  complete_.run(commit.listing, commit.page_index + 1, progress.total_count, progress.started_at,
                commit.seen.observed_at, commit.next_due_at, whole_at, whole_order, progress.entries);
}

void ListingTable::note_probe(ListingId listing, UnixSeconds at) { note_probe_.run(listing, at); }

void ListingTable::record_failure(const ListingFailure& failure) {
  const int changed =
      record_failure_.run(failure.listing, failure.started_at, failure.next_due_at, if_any(failure.code),
                          if_any(failure.message), if_any(failure.request_id), kBookmarkFailures - 1);
  require_row(changed, failure.listing);
}

void ListingTable::drop_bookmark(ListingId listing) { require_row(drop_bookmark_.run(listing), listing); }

std::vector<WatchedListing> ListingTable::watched_of_user(const ListingKey& listing) {
  std::vector<WatchedListing> listings;
  watched_of_user_.query(
      [&](const Row& row) {
        listings.push_back({.id = row.integer(0).value(),
                            .product_coupon_id = row.text(1).value(),
                            .stock_id = row.text(2).value(),
                            .coupon_state = row.text(3).value(),
                            .last_whole_order = row.integer(4)});
      },
      listing.appid, listing.openid.reveal());
  return listings;
}

}  // namespace couponsync
