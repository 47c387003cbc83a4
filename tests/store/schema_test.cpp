#include "store/schema.h"

#include "store/mirror_fixture.h"
#include "store/schema_sql.h"

#include <SQLiteCpp/Database.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <fstream>
#include <iterator>
#include <string>

namespace couponsync {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsSupersetOf;
using Lines = std::vector<std::string>;

class Schema : public MirrorTest {
 protected:
  void migrate_to(std::span<const std::string_view> migrations, std::string_view views) {
    SQLite::Database database(path.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE, 5'000);
    migrate(database, path, migrations, views);
  }
  void close() { const Mirror closed = std::move(mirror); }
  static UnixSeconds clock() {
    return std::chrono::duration_cast<std::chrono::seconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  }
};

TEST_F(Schema, IsTheSameFromTheCommandAndFromOpening) {
  const std::filesystem::path printed = folder.path() / "printed.db";
  execute(printed, std::string(schema_ddl()));
  const std::string all = "SELECT type, name, sql FROM sqlite_schema ORDER BY 1, 2";
  EXPECT_EQ(rows(printed, all), rows(path, all));
  for (const char* pragma : {"PRAGMA application_id", "PRAGMA user_version"})
    EXPECT_EQ(value(printed, pragma), value(path, pragma));
}

TEST_F(Schema, HasOnlyStrictTables) {
  EXPECT_EQ(value(path,
                  "SELECT count(*) FROM pragma_table_list WHERE schema = 'main' AND type = 'table'"
                  " AND name NOT LIKE 'sqlite%' AND strict = 0"),
            "0");
}

TEST_F(Schema, HasTheTablesAndViewsThatJobsRelyOn) {
  EXPECT_THAT(
      rows(path, "SELECT name FROM sqlite_schema"),
      IsSupersetOf({"coupon", "usage_detail", "stock", "stock_benefit", "stock_period", "stock_count",
                    "product_coupon", "combo_choice", "coupon_change", "listing", "sync_run", "v_coupon",
                    "v_usage", "v_stock_funnel", "v_redemption_daily", "v_expiring", "v_listing_health"}));
}

TEST_F(Schema, IsDescribedColumnByColumn) {
  std::ifstream file(COUPONSYNC_SCHEMA "/README.md");
  const std::string dictionary{std::istreambuf_iterator<char>(file), {}};
  ASSERT_FALSE(dictionary.empty());
  for (const std::string& column :
       rows(path,
            "SELECT DISTINCT c.name FROM pragma_table_list AS t, pragma_table_info(t.name) AS c"
            " WHERE t.schema = 'main' AND t.type = 'table' AND t.name NOT LIKE 'sqlite%'"))
    EXPECT_THAT(dictionary, HasSubstr("`" + column + "`"));
}

TEST_F(Schema, MigratesAnOlderMirrorAndMakesItsViewsAnew) {
  close();
  const std::array migrations{schema_migrations().front(),
                              std::string_view("ALTER TABLE coupon ADD COLUMN extra TEXT;")};
  migrate_to(migrations, "DROP VIEW IF EXISTS v_coupon; CREATE VIEW v_coupon AS SELECT extra FROM coupon;");
  EXPECT_EQ(value(path, "PRAGMA user_version"), "2");
  EXPECT_EQ(value(path, "SELECT name FROM pragma_table_info('v_coupon')"), "extra");
}

TEST_F(Schema, TakesAFailedMigrationBackWhole) {
  close();
  const Lines before = dump(path);
  const std::string all = "SELECT type, name, sql FROM sqlite_schema ORDER BY 1, 2";
  const Lines objects = rows(path, all);
  const std::array migrations{schema_migrations().front(),
                              std::string_view("ALTER TABLE coupon ADD COLUMN extra TEXT;"),
                              std::string_view("UPDATE nothing SET at = all;")};
  EXPECT_ANY_THROW(migrate_to(migrations, schema_views()));
  EXPECT_EQ(value(path, "PRAGMA user_version"), "1");
  EXPECT_EQ(rows(path, all), objects);
  EXPECT_EQ(dump(path), before);
  mirror = Mirror::open({.path = path});
}

TEST_F(Schema, LetsAnalyticsFindTheirWayByIndex) {
  const auto plan = [&](const std::string& sql) { return rows(path, "EXPLAIN QUERY PLAN " + sql).front(); };
  EXPECT_THAT(plan("SELECT * FROM coupon WHERE product_coupon_id = 'p'"), HasSubstr("coupon_by_product"));
  EXPECT_THAT(plan("SELECT count(*) FROM coupon WHERE stock_id = 's' AND coupon_state = 'USED'"),
              HasSubstr("coupon_by_stock"));
  EXPECT_THAT(plan("SELECT * FROM coupon WHERE coupon_state = 'EFFECTIVE' AND valid_end_time < 9"),
              HasSubstr("coupon_by_state"));
  EXPECT_THAT(plan("SELECT * FROM usage_detail WHERE use_time >= 9"), HasSubstr("usage_detail_by_use_time"));
  EXPECT_THAT(plan("SELECT * FROM coupon_change WHERE coupon_id = 9"), HasSubstr("coupon_change_by_coupon"));
  EXPECT_THAT(plan("SELECT * FROM coupon_change WHERE seq > 9"), HasSubstr("INTEGER PRIMARY KEY"));
  EXPECT_THAT(plan("SELECT * FROM coupon WHERE appid = 'a' AND openid = 'o'"), HasSubstr("sqlite_autoindex"));
}

TEST_F(Schema, ShowsTimesInChinaStandardTime) {
  const ListingId listing = watch(user("openid-1"));
  Page page;
  Coupon c = coupon({.code = "a", .details = {UsageDetail{}}});
  c.valid_end_time = 1'738'252'799;  // 2025-01-30T23:59:59+08:00
  c.usage_details.front().use_time = 1'738'252'799;
  page.coupons.push_back(c);
  page.stocks.push_back(stock("stock-1"));
  page.products.push_back(product("product-1"));
  apply(listing, page);
  EXPECT_EQ(value(path, "SELECT valid_end_time, valid_begin_time, product_name, listed FROM v_coupon"),
            "2025-01-30T23:59:59+08:00|NULL|Ten off a hundred|1");
  EXPECT_EQ(value(path, "SELECT use_time, return_time FROM v_usage"), "2025-01-30T23:59:59+08:00|NULL");
  EXPECT_EQ(value(path, "SELECT day, uses, returned, net_uses, users FROM v_redemption_daily"),
            "2025-01-30|1|0|1|1");
  EXPECT_EQ(value(path, "SELECT last_completed_at FROM v_listing_health"), "2025-06-15T23:06:40+08:00");
}

TEST_F(Schema, CountsAFunnel) {
  const ListingId listing = watch(user("openid-1"));
  Page page = page_of({{.code = "a"},
                       {.code = "b", .state = "USED"},
                       {.code = "c", .state = "USED"},
                       {.code = "d", .state = "BRAND_NEW_STATE"},
                       {.code = "gone"},
                       {.code = "e", .stock = "stock-2"}},
                      6);
  page.stocks.push_back(stock("stock-1", "product-1", 100));
  apply(listing, page);
  page.coupons.erase(page.coupons.begin() + 4);
  page.total_count = 5;
  apply(listing, page);
  EXPECT_THAT(
      rows(path,
           "SELECT stock_id, sent_total_count, mirrored, users, effective, used, other, missing, used_percent"
           " FROM v_stock_funnel ORDER BY 1"),
      ElementsAre("stock-1|100|5|1|1|2|1|1|50.0", "stock-2|NULL|1|1|1|0|0|0|0.0"));
}

TEST_F(Schema, CountsARoundOnceThoughItIsAlsoShownAsASingleUse) {
  const ListingId listing = watch(user("openid-1"));
  UsageDetail single;
  single.use_time = 1'738'252'799;
  UsageDetail round = single;
  round.usage_mode = UsageMode::sequential;
  UsageDetail returned = round;
  returned.item_index = 1;
  returned.return_time = 1'738'252'800;
  apply(listing, page_of({{.code = "a", .details = {single, round, returned}}}));
  EXPECT_EQ(value(path, "SELECT uses, returned, net_uses FROM v_redemption_daily"), "2|1|1");
  EXPECT_EQ(value(path, "SELECT count(*) FROM v_usage"), "2");
}

TEST_F(Schema, ShowsWhatExpiresWithinAMonth) {
  const ListingId listing = watch(user("openid-1"));
  const auto ending = [](const std::string& code, const std::string& state, UnixSeconds end) {
    Coupon c = coupon(code, state);
    c.valid_end_time = end;
    return c;
  };
  Page page;
  page.coupons = {ending("soon", "EFFECTIVE", clock() + 86'400),
                  ending("late", "EFFECTIVE", clock() + 40 * 86'400),
                  ending("over", "EFFECTIVE", clock() - 60), ending("used", "USED", clock() + 86'400)};
  apply(listing, page);
  EXPECT_THAT(rows(path, "SELECT coupon_code, days_left FROM v_expiring"), ElementsAre("soon|1.0"));
}

TEST_F(Schema, TellsEachListingsHealth) {
  const ListingId failing = watch(user("failing"));
  const ListingId reading = watch(user("reading"));
  const ListingId ok = watch(user("ok"));
  const ListingId unwatched = watch(user("unwatched"));
  watch(user("new"));
  mirror.record_failure({.listing = failing, .code = "TIMED_OUT", .message = {}, .request_id = {}});
  apply(reading, page_of({}, 1, "t"));
  apply(ok, page_of({}, 0));
  apply(unwatched, page_of({}, 0));
  std::erase(watched, user("unwatched"));
  mirror.set_watchlist(watched);
  EXPECT_THAT(
      rows(path, "SELECT openid, health FROM v_listing_health ORDER BY 1"),
      ElementsAre("failing|failing", "new|never read", "ok|ok", "reading|reading", "unwatched|unwatched"));
}

}  // namespace
}  // namespace couponsync
