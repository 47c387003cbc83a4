#include "store/schema.h"

#include "store/mirror_fixture.h"
#include "store/schema_sql.h"
#include "support/data_dictionary.h"

#include <SQLiteCpp/Database.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

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
  static std::vector<std::string_view> released() {
    return {schema_migrations().begin(), schema_migrations().end()};
  }
  void close() { const Mirror closed = std::move(mirror); }
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
  Lines described;
  for (const test::DescribedColumn& column : test::read_data_dictionary(COUPONSYNC_SCHEMA "/README.md"))
    described.push_back(column.table + "|" + column.column + "|" +
                        column.type.substr(0, column.type.find(',')) + "|" +
                        (column.null_when == "never" ? "1" : "0"));
  Lines real = rows(path,
                    "SELECT t.name, c.name, c.type, c.\"notnull\" OR c.pk > 0"
                    " FROM pragma_table_list AS t, pragma_table_info(t.name) AS c"
                    " WHERE t.schema = 'main' AND t.type = 'table' AND t.name NOT LIKE 'sqlite%'");
  // The tables in any order, each with its columns in theirs.
  const auto table = [](const std::string& line) { return line.substr(0, line.find('|')); };
  std::ranges::stable_sort(described, {}, table);
  std::ranges::stable_sort(real, {}, table);
  EXPECT_EQ(described, real);
}

TEST_F(Schema, MigratesAnOlderMirrorAndMakesItsViewsAnew) {
  close();
  std::vector<std::string_view> migrations = released();
  migrations.emplace_back("ALTER TABLE coupon ADD COLUMN extra TEXT;");
  migrate_to(migrations,
             "DROP VIEW IF EXISTS v_expiring; DROP VIEW IF EXISTS v_coupon;"
             "CREATE VIEW v_coupon AS SELECT extra FROM coupon;");
  EXPECT_EQ(value(path, "PRAGMA user_version"), std::to_string(migrations.size()));
  EXPECT_EQ(value(path, "SELECT name FROM pragma_table_info('v_coupon')"), "extra");
}

TEST_F(Schema, TakesAFailedMigrationBackWhole) {
  close();
  const Lines before = dump(path);
  const std::string all = "SELECT type, name, sql FROM sqlite_schema ORDER BY 1, 2";
  const Lines objects = rows(path, all);
  std::vector<std::string_view> migrations = released();
  migrations.emplace_back("ALTER TABLE coupon ADD COLUMN extra TEXT;");
  migrations.emplace_back("UPDATE nothing SET at = all;");
  EXPECT_ANY_THROW(migrate_to(migrations, schema_views()));
  EXPECT_EQ(value(path, "PRAGMA user_version"), std::to_string(released().size()));
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

// A mirror as the first version left it: made with that version's own SQL.
TEST_F(Schema, FillsNewColumnsFromWhatTheFirstVersionStored) {
  const std::filesystem::path old = folder.path() / "old.db";
  execute(old, std::string(schema_migrations().front()) + R"sql(
    PRAGMA application_id = 0x43505344; PRAGMA user_version = 1;
    INSERT INTO product_coupon (product_coupon_id, name, raw_json, content_hash, first_seen_at, changed_at)
    VALUES ('p1', 'Ten off', '{"product_coupon_id":"p1","brand_id":"120344"}', x'01', 5, 6),
           ('p2', NULL, '{"product_coupon_id":"p2"}', x'02', 5, 6),
           ('p3', NULL, '{"product_coupon_id":"p3","brand_id":{"odd":1}}', x'03', 5, 6);
    INSERT INTO stock (stock_id, raw_json, content_hash, first_seen_at, changed_at)
    VALUES ('s1', '{"stock_id":"s1","brand_id":"120344"}', x'04', 5, 6);
    INSERT INTO coupon (appid, openid, stock_id, coupon_code, coupon_state, raw_json, content_hash,
                        first_seen_at, changed_at)
    VALUES ('wx', 'o1', 's1', 'c1', 'USED', '{}', x'05', 5, 6);
    INSERT INTO usage_detail (coupon_id, usage_mode, item_index, use_time) VALUES (1, 'SINGLE', 0, 7);
    INSERT INTO coupon_change (observed_at, coupon_id, kind, to_state) VALUES (5, 1, 'added', 'USED');
    INSERT INTO listing (appid, openid, next_page_token, pages_done) VALUES ('wx', 'o1', 't1', 3);
    INSERT INTO sync_run ("trigger", started_at) VALUES ('once', 5);
  )sql");
  {
    const Mirror migrated = Mirror::open({.path = old});
  }
  EXPECT_EQ(value(old, "PRAGMA user_version"), std::to_string(schema_version()));
  EXPECT_THAT(
      rows(old, "SELECT product_coupon_id, brand_id, name, changed_at FROM product_coupon ORDER BY 1"),
      ElementsAre("p1|120344|Ten off|6", "p2|NULL|NULL|6", "p3|NULL|NULL|6"));
  EXPECT_EQ(value(old, "SELECT brand_id, changed_at FROM stock"), "120344|6");
  EXPECT_EQ(value(old, "SELECT pages_done, next_page_token, last_whole_at FROM listing"), "3|t1|NULL");
  EXPECT_EQ(value(old, "SELECT coupon_code, coupon_state, listed FROM v_coupon"), "c1|USED|1");
  EXPECT_EQ(value(old, "SELECT count(*) FROM coupon_change"), "1");
  EXPECT_EQ(rows(old, "SELECT type, name FROM sqlite_schema ORDER BY 1, 2"),
            rows(path, "SELECT type, name FROM sqlite_schema ORDER BY 1, 2"));
}

// A mirror as the second version left it.
class MissingOfBefore : public Schema {
 protected:
  /// What becomes of a coupon of stock s1 that was marked missing, with these listings watched.
  std::string fate(const std::vector<std::string>& stocks_and_states) {
    const std::filesystem::path old = folder.path() / (std::to_string(++made_) + ".db");
    std::string sql(schema_migrations()[0]);
    sql += schema_migrations()[1];
    sql += R"sql(
      PRAGMA application_id = 0x43505344; PRAGMA user_version = 2;
      INSERT INTO coupon (appid, openid, stock_id, coupon_code, product_coupon_id, coupon_state, raw_json,
                          content_hash, first_seen_at, changed_at, missing_since)
      VALUES ('wx', 'o1', 's1', 'c1', 'p1', 'EFFECTIVE', '{}', x'05', 5, 6, 7);)sql";
    for (const std::string& values : stocks_and_states)
      sql +=
          "INSERT INTO listing (appid, openid, stock_id, product_coupon_id, coupon_state)"
          " VALUES ('wx', 'o1', " +
          values + ");";
    execute(old, sql);
    {
      const Mirror migrated = Mirror::open({.path = old});
    }
    return value(old,
                 "SELECT CASE WHEN missing_since = 7 THEN 'missing' WHEN unlisted_since = 7 THEN 'unlisted'"
                 " END FROM coupon");
  }

 private:
  int made_ = 0;
};

TEST_F(MissingOfBefore, StayMissingOnlyWhereListingsOfTheirStockAndProductProveIt) {
  EXPECT_EQ(fate({"'', '', ''"}), "missing");
  EXPECT_EQ(fate({"'s1', '', ''"}), "missing");
  EXPECT_EQ(fate({"'', 'p1', ''"}), "missing");
  EXPECT_EQ(fate({"'', '', 'EFFECTIVE'"}), "unlisted");
  EXPECT_EQ(fate({"'s2', '', ''", "'', '', 'EFFECTIVE'"}), "unlisted");
  EXPECT_EQ(fate({"'', 'p2', ''", "'', '', 'EFFECTIVE'"}), "unlisted");
  const std::vector<std::string> states{"CONFIRMING", "PENDING",     "EFFECTIVE", "USED",
                                        "EXPIRED",    "DEACTIVATED", "DELETED"};
  std::vector<std::string> all;
  std::vector<std::string> of_two_stocks;
  for (const std::string& state : states) {
    all.push_back("'s1', '', '" + state + "'");
    of_two_stocks.push_back(std::string(of_two_stocks.size() < 3 ? "'s1'" : "'s2'") + ", '', '" + state +
                            "'");
  }
  EXPECT_EQ(fate(all), "missing");
  EXPECT_EQ(fate(of_two_stocks), "unlisted");
}

}  // namespace
}  // namespace couponsync
