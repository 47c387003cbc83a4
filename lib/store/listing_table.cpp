#include "store/listing_table.h"

#include <stdexcept>
#include <string>
#include <unordered_set>

namespace couponsync {
namespace {

constexpr const char* kWatchSql =
    "INSERT INTO listing (appid, openid, product_coupon_id, stock_id, coupon_state, log_name, watched)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1)"
    " ON CONFLICT (appid, openid, product_coupon_id, stock_id, coupon_state)"
    " DO UPDATE SET watched = 1, log_name = excluded.log_name"
    " WHERE watched <> 1 OR log_name IS NOT excluded.log_name";

const std::string kSelectState =
    "SELECT id, appid, openid, product_coupon_id, stock_id, coupon_state, next_page_token, pages_done,"
    " total_count, last_started_at, last_completed_at, next_due_at, failures FROM listing ";

// These write nothing if all is as it was, so that a page read again in the same second is no change.
constexpr const char* kKeepCheckpointSql =
    "UPDATE listing SET next_page_token = ?2, pages_done = ?3, total_count = ?4, last_started_at = ?5"
    " WHERE id = ?1 AND (next_page_token, pages_done, total_count, last_started_at) IS NOT (?2, ?3, ?4, ?5)";

constexpr const char* kCompleteSql =
    "UPDATE listing SET next_page_token = NULL, pages_done = ?2, total_count = ?3, last_started_at = ?4,"
    " last_completed_at = ?5, next_due_at = ?6, failures = 0, last_error_code = NULL, last_error = NULL,"
    " last_request_id = NULL, last_whole_at = coalesce(?7, last_whole_at)"
    " WHERE id = ?1 AND (next_page_token, pages_done, total_count, last_started_at, last_completed_at,"
    " next_due_at, failures, last_error_code, last_error, last_request_id, last_whole_at)"
    " IS NOT (NULL, ?2, ?3, ?4, ?5, ?6, 0, NULL, NULL, NULL, coalesce(?7, last_whole_at))";

ListingState to_state(const Row& row) {
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
          .failures = row.integer(12).value()};
}

Text if_any(const std::string& text) { return text.empty() ? Text{} : Text{text}; }

void require_row(int changed, ListingId listing) {
  if (changed != 1) throw std::logic_error("no listing " + std::to_string(listing));
}

}  // namespace

ListingTable::ListingTable(SQLite::Database& database)
    : watch_(database, kWatchSql),
      find_(database, kSelectState +
                          "WHERE appid = ?1 AND openid = ?2 AND product_coupon_id = ?3"
                          " AND stock_id = ?4 AND coupon_state = ?5"),
      get_(database, kSelectState + "WHERE id = ?1"),
      watched_(database, "SELECT id FROM listing WHERE watched = 1"),
      unwatch_(database, "UPDATE listing SET watched = 0 WHERE id = ?1"),
      keep_checkpoint_(database, kKeepCheckpointSql),
      complete_(database, kCompleteSql),
      record_failure_(database,
                      "UPDATE listing SET failures = failures + 1, last_started_at = ?2, next_due_at = ?3,"
                      " last_error_code = ?4, last_error = ?5, last_request_id = ?6 WHERE id = ?1"),
      drop_checkpoint_(database, "UPDATE listing SET next_page_token = NULL, pages_done = 0 WHERE id = ?1") {}

std::vector<ListingState> ListingTable::set_watchlist(std::span<const ListingKey> keys) {
  std::vector<ListingState> states = watch(keys);
  std::vector<ListingId> ids;
  ids.reserve(states.size());
  for (const ListingState& state : states) ids.push_back(state.id);
  unwatch_all_but(ids);
  return states;
}

std::vector<ListingState> ListingTable::watch(std::span<const ListingKey> keys) {
  std::vector<ListingState> states;
  states.reserve(keys.size());
  for (const ListingKey& key : keys) states.push_back(watch(key));
  return states;
}

ListingState ListingTable::watch(const ListingKey& key) {
  const std::string& openid = key.openid.reveal();
  watch_.run(key.appid, openid, key.product_coupon_id, key.stock_id, key.coupon_state, key.openid.redacted());
  std::optional<ListingState> state;
  find_.query([&](const Row& row) { state = to_state(row); }, key.appid, openid, key.product_coupon_id,
              key.stock_id, key.coupon_state);
  return std::move(state).value();
}

std::vector<ListingId> ListingTable::unwatch_all_but(std::span<const ListingId> listings) {
  const std::unordered_set<ListingId> kept(listings.begin(), listings.end());
  std::vector<ListingId> gone;
  watched_.query([&](const Row& row) {
    const ListingId id = row.integer(0).value();
    if (!kept.contains(id)) gone.push_back(id);
  });
  for (const ListingId id : gone) unwatch_.run(id);
  return gone;
}

ListingState ListingTable::get(ListingId listing) {
  std::optional<ListingState> state;
  get_.query([&](const Row& row) { state = to_state(row); }, listing);
  require_row(state ? 1 : 0, listing);
  return std::move(state).value();
}

void ListingTable::keep_checkpoint(const PageCommit& commit, const Progress& progress) {
  keep_checkpoint_.run(commit.listing, commit.page.next_page_token, commit.page_index + 1,
                       progress.total_count, progress.started_at);
}

void ListingTable::complete(const PageCommit& commit, const Progress& progress, bool whole) {
  complete_.run(commit.listing, commit.page_index + 1, progress.total_count, progress.started_at,
                commit.observed_at, commit.next_due_at, whole ? progress.started_at : Instant{});
}

void ListingTable::record_failure(const ListingFailure& failure) {
  const int changed =
      record_failure_.run(failure.listing, failure.started_at, failure.next_due_at, if_any(failure.code),
                          if_any(failure.message), if_any(failure.request_id));
  require_row(changed, failure.listing);
}

void ListingTable::drop_checkpoint(ListingId listing) { require_row(drop_checkpoint_.run(listing), listing); }

}  // namespace couponsync
