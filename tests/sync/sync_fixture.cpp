#include "sync/sync_fixture.h"

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>

#include <algorithm>

namespace couponsync::test {

std::vector<std::string> mirrored_coupons(const std::filesystem::path& mirror_path) {
  const SQLite::Database database(mirror_path.string(), SQLite::OPEN_READONLY);
  SQLite::Statement query(database,
                          "SELECT openid || ' ' || coupon_code FROM coupon WHERE missing_since IS NULL");
  std::vector<std::string> rows;
  while (query.executeStep()) rows.push_back(query.getColumn(0).getString());
  std::ranges::sort(rows);
  return rows;
}

std::vector<std::string> listed_coupons(const FakeWechatPay& api) {
  std::vector<std::string> rows;
  for (const auto& [openid, codes] : api.coupons)
    for (const std::string& code : codes) rows.push_back(openid + " " + code);
  std::ranges::sort(rows);
  return rows;
}

std::string query_one(const std::filesystem::path& mirror_path, const std::string& sql) {
  const SQLite::Database database(mirror_path.string(), SQLite::OPEN_READONLY);
  SQLite::Statement query(database, sql);
  return query.executeStep() ? query.getColumn(0).getString() : "(no row)";
}

}  // namespace couponsync::test
