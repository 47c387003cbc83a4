#include "e2e/e2e_fixture.h"

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>
#include <sqlite3.h>

#include <cstring>
#include <fstream>

namespace couponsync::test {
namespace {

/// The time at which the cookbook's queries are asked: 2026-07-20T12:00:00+08:00. The sandbox's data of a
/// seed is always the same, and so is then what the queries return.
constexpr sqlite3_int64 kNowMilliseconds = 1'784'520'000'000;
constexpr const char* kFixedClock = "fixed-clock";

/// A VFS like the default one, for which it is always the same time.
void register_fixed_clock() {
  static sqlite3_vfs vfs = *sqlite3_vfs_find(nullptr);
  vfs.zName = kFixedClock;
  vfs.xCurrentTimeInt64 = [](sqlite3_vfs*, sqlite3_int64* julian_milliseconds) {
    constexpr sqlite3_int64 kUnixEpoch = 210'866'760'000'000;
    *julian_milliseconds = kUnixEpoch + kNowMilliseconds;
    return SQLITE_OK;
  };
  sqlite3_vfs_register(&vfs, 0);
}

struct Recipe {
  std::string sql;
  std::vector<std::string> table;  ///< the lines of the Markdown table below it
};

/// The blocks of SQL in the dictionary's cookbook, each with the table below it.
std::vector<Recipe> read_cookbook() {
  std::ifstream file(COUPONSYNC_SCHEMA "/README.md");
  std::vector<Recipe> recipes;
  bool in_cookbook = false;
  bool in_sql = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("## ")) in_cookbook = line == "## Cookbook";
    if (!in_cookbook) continue;
    if (line == "```sql") {
      recipes.emplace_back();
      in_sql = true;
    } else if (line == "```") {
      in_sql = false;
    } else if (in_sql) {
      recipes.back().sql += line + "\n";
    } else if (line.starts_with("|") && !recipes.empty()) {
      recipes.back().table.push_back(line);
    }
  }
  return recipes;
}

std::string line_of(SQLite::Statement& statement, const auto& text) {
  std::string line = "|";
  for (int i = 0; i < statement.getColumnCount(); ++i) line += " " + text(i) + " |";
  return line;
}

std::vector<std::string> answer(SQLite::Database& database, const std::string& sql) {
  SQLite::Statement statement(database, sql);
  std::vector<std::string> table;
  table.push_back(line_of(statement, [&](int i) { return std::string(statement.getColumnName(i)); }));
  table.push_back("|");
  for (int i = 0; i < statement.getColumnCount(); ++i) table.back() += "---|";
  while (statement.executeStep())
    table.push_back(line_of(statement, [&](int i) {
      return statement.getColumn(i).isNull() ? std::string() : statement.getColumn(i).getString();
    }));
  return table;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

class Cookbook : public E2eTest {};

/// The demo's data, then a day's changes, as the cookbook says.
TEST_F(Cookbook, EachQueryReturnsWhatIsShown) {
  start_sandbox({"--seed", "7", "--users", "300", "--coupons-total", "10000", "--edition", "both"});
  once();
  const auto truth = sandbox().get("/truth");
  const std::string openid(truth.at(1).at("openid").as_string());
  for (const char* op : {"touch_attach", "expire", "delete"})
    sandbox().post("/mutations", {{"openid", openid}, {"op", op}, {"count", 1}});
  const std::string busy(truth.at(4).at("openid").as_string());
  for (const char* op : {"use", "delete", "touch_attach", "deactivate"})
    sandbox().post("/mutations", {{"openid", busy}, {"op", op}, {"count", 1}});
  once();

  register_fixed_clock();
  SQLite::Database database(sandbox().mirror().string(), SQLite::OPEN_READONLY, 5'000, kFixedClock);
  const std::vector<Recipe> recipes = read_cookbook();
  EXPECT_GE(recipes.size(), 12U);
  for (const Recipe& recipe : recipes)
    EXPECT_EQ(joined(recipe.table), joined(answer(database, recipe.sql))) << recipe.sql;
}

}  // namespace
}  // namespace couponsync::test
