#include "fuzz/views_promises.h"

#include "fuzz/fuzz.h"

#include <array>
#include <map>

namespace couponsync::fuzz {
namespace {

struct Promise {
  const char* words;
  const char* sql;  ///< 1 if it is kept
};

constexpr std::array kPromises{
    Promise{"v_coupon has each coupon once",
            "SELECT count(*) = count(DISTINCT coupon_id) AND count(*) = (SELECT count(*) FROM coupon) FROM "
            "v_coupon"},
    Promise{"v_usage has each use or round once",
            "SELECT count(*) = (SELECT count(*) FROM usage_detail AS d WHERE d.usage_mode <> 'SINGLE' OR NOT "
            "EXISTS "
            "(SELECT 1 FROM usage_detail AS o WHERE o.coupon_id = d.coupon_id AND o.usage_mode <> 'SINGLE')) "
            "FROM v_usage"},
    Promise{"an outcome is used, returned or not used",
            "SELECT count(*) = 0 FROM v_usage WHERE outcome IS NULL OR outcome NOT IN ('used', 'returned', "
            "'not used')"},
    Promise{"only what was used gave something away",
            "SELECT count(*) = 0 FROM v_usage WHERE outcome <> 'used' AND fen_given_away IS NOT NULL"},
    Promise{"v_stock_funnel has each stock once",
            "SELECT count(*) = count(DISTINCT stock_id) FROM v_stock_funnel"},
    Promise{
        "v_stock_funnel counts each coupon once",
        "SELECT coalesce(sum(received + missing), 0) = (SELECT count(*) FROM coupon) FROM v_stock_funnel"},
    Promise{"received is the states and the unlisted",
            "SELECT count(*) = 0 FROM v_stock_funnel WHERE received <> confirming + pending + effective + "
            "used + expired "
            "+ deleted + deactivated + other + unlisted"},
    Promise{"a redemption rate is a part",
            "SELECT count(*) = 0 FROM v_stock_funnel WHERE redemption_rate < 0 OR redemption_rate > 1"},
    Promise{"v_stock_funnel counts each use",
            "SELECT coalesce(sum(uses), 0) = (SELECT count(*) FROM v_usage WHERE outcome = 'used') FROM "
            "v_stock_funnel"},
    Promise{"v_redemption_daily counts each use whose time is known",
            "SELECT coalesce(sum(uses), 0) = (SELECT count(*) FROM v_usage WHERE use_time IS NOT NULL) "
            "FROM v_redemption_daily"},
    Promise{"net uses are uses without those returned",
            "SELECT count(*) = 0 FROM v_redemption_daily WHERE net_uses <> uses - returned"},
    Promise{"what expires can be used now, for seven days at most",
            "SELECT count(*) = 0 FROM v_expiring AS e JOIN v_coupon AS c ON c.coupon_id = e.coupon_id "
            "WHERE c.derived_state <> 'EFFECTIVE' OR NOT c.listed OR e.days_left < 0 OR e.days_left > 7"},
    Promise{"v_stock_benefit has each benefit",
            "SELECT count(*) = (SELECT count(*) FROM stock_benefit) FROM v_stock_benefit"},
    Promise{"a benefit is told only where it is known what comes off",
            "SELECT count(*) = 0 FROM v_stock_benefit WHERE benefit IS NOT NULL AND kind IN ('NORMAL', "
            "'DISCOUNT', "
            "'EXCHANGE') AND coalesce(discount_yuan, percent_off, exchange_price_yuan) IS NULL"},
    Promise{"v_listing_health has each listing, with its health",
            "SELECT count(*) = count(health) AND count(*) = (SELECT count(*) FROM listing) FROM "
            "v_listing_health"},
};

void select_whole(sqlite3* database, const std::string& view) {
  Query query(database, "SELECT * FROM " + view);
  while (query.step()) {
  }
}

/// A sum that is told is the exact one.
void check_sums(sqlite3* database) {
  __extension__ using Exact = __int128;
  std::map<std::string, Exact> sums;
  Query uses(database, "SELECT stock_id, fen_given_away FROM v_usage WHERE outcome = 'used'");
  std::map<std::string, bool> unknown;
  while (uses.step()) {
    sums[uses.text(0)] += uses.integer(1);
    if (!uses.is_integer(1)) unknown[uses.text(0)] = true;
  }
  Query funnel(database, "SELECT stock_id, fen_given_away FROM v_stock_funnel");
  while (funnel.step()) {
    if (funnel.is_null(1)) continue;
    require(funnel.is_integer(1) && !unknown[funnel.text(0)], "a sum is told only where its parts are known");
    require(sums[funnel.text(0)] == Exact{funnel.integer(1)}, "a sum that is told is the exact one");
  }
}

}  // namespace

DatabaseHandle open_database(const std::string& path, bool read_only) {
  sqlite3* opened = nullptr;
  const int flags = read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  const int outcome = sqlite3_open_v2(path.c_str(), &opened, flags, nullptr);
  DatabaseHandle database(opened);
  require(outcome == SQLITE_OK, "a database opens");
  return database;
}

void run(sqlite3* database, const std::string& sql) {
  require(sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK,
          "the schema's SQL runs");
}

Query::Query(sqlite3* database, const std::string& sql) : database_(database) {
  sqlite3_stmt* prepared = nullptr;
  const int outcome = sqlite3_prepare_v2(database, sql.c_str(), -1, &prepared, nullptr);
  statement_.reset(prepared);
  require(outcome == SQLITE_OK, sqlite3_errmsg(database));
}

bool Query::step() {
  const int outcome = sqlite3_step(statement_.get());
  require(outcome == SQLITE_ROW || outcome == SQLITE_DONE, sqlite3_errmsg(database_));
  return outcome == SQLITE_ROW;
}

bool Query::try_run() {
  const int outcome = sqlite3_step(statement_.get());
  sqlite3_reset(statement_.get());
  require(outcome == SQLITE_DONE || outcome == SQLITE_CONSTRAINT, sqlite3_errmsg(database_));
  return outcome == SQLITE_DONE;
}

void Query::bind_null(int place) { sqlite3_bind_null(statement_.get(), place); }

void Query::bind(int place, std::int64_t value) { sqlite3_bind_int64(statement_.get(), place, value); }

void Query::bind(int place, std::string_view value, bool as_blob) {
  const int size = static_cast<int>(value.size());
  if (as_blob)
    sqlite3_bind_blob(statement_.get(), place, value.data(), size, SQLITE_TRANSIENT);
  else
    sqlite3_bind_text(statement_.get(), place, value.data(), size, SQLITE_TRANSIENT);
}

std::string Query::text(int column) {
  const auto* text = sqlite3_column_text(statement_.get(), column);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
  return text == nullptr ? "" : std::string(reinterpret_cast<const char*>(text), size);
}

std::int64_t one_integer(sqlite3* database, const std::string& sql) {
  Query query(database, sql);
  require(query.step(), "a count has a row");
  return query.integer(0);
}

void check_promises(sqlite3* database) {
  for (const char* view : {"v_coupon", "v_usage", "v_stock_funnel", "v_redemption_daily", "v_expiring",
                           "v_stock_benefit", "v_listing_health"})
    select_whole(database, view);
  for (const Promise& promise : kPromises) require(one_integer(database, promise.sql) == 1, promise.words);
  check_sums(database);
}

}  // namespace couponsync::fuzz
