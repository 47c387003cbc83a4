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

void Query::bind(int place, const Query& other, int column) {
  sqlite3_bind_value(statement_.get(), place, sqlite3_column_value(other.statement_.get(), column));
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

Promises::Promises(sqlite3* database)
    : uses_(database, "SELECT stock_id, fen_given_away FROM v_usage WHERE outcome = 'used'"),
      funnel_(database, "SELECT stock_id, fen_given_away FROM v_stock_funnel") {
  for (const std::string view : {"v_coupon", "v_usage", "v_stock_funnel", "v_redemption_daily", "v_expiring",
                                 "v_stock_benefit", "v_listing_health"})
    views_.emplace_back(database, "SELECT * FROM " + view);
  for (const Promise& promise : kPromises) promises_.emplace_back(database, promise.sql);
}

void Promises::check() {
  for (Query& view : views_) {
    while (view.step()) {
    }
    view.reset();
  }
  for (std::size_t i = 0; i < kPromises.size(); ++i) {
    require(promises_[i].step() && promises_[i].integer(0) == 1, kPromises[i].words);
    promises_[i].reset();
  }
  check_sums();
}

/// A sum that is told is the exact one.
void Promises::check_sums() {
  __extension__ using Exact = __int128;
  struct Sum {
    Exact exact = 0;
    bool is_known = true;
  };
  std::map<std::string, Sum> sums;
  for (uses_.reset(); uses_.step();) {
    Sum& sum = sums[uses_.text(0)];
    sum.exact += uses_.integer(1);
    sum.is_known = sum.is_known && uses_.is_integer(1);
  }
  for (funnel_.reset(); funnel_.step();) {
    if (funnel_.is_null(1)) continue;
    const Sum& sum = sums[funnel_.text(0)];
    require(funnel_.is_integer(1) && sum.is_known, "a sum is told only where its parts are known");
    require(sum.exact == Exact{funnel_.integer(1)}, "a sum that is told is the exact one");
  }
  uses_.reset();
  funnel_.reset();
}

}  // namespace couponsync::fuzz
