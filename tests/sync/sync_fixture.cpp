#include "sync/sync_fixture.h"

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>

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

std::map<std::string, std::int64_t> bookmarks(const std::filesystem::path& mirror_path) {
  const SQLite::Database database(mirror_path.string(), SQLite::OPEN_READONLY);
  SQLite::Statement query(database,
                          "SELECT openid, iif(last_completed_at IS NULL, pages_done, 0) FROM listing");
  std::map<std::string, std::int64_t> pages;
  while (query.executeStep()) pages[query.getColumn(0).getString()] = query.getColumn(1).getInt64();
  return pages;
}

OnceReport World::first_pass(int concurrency) {
  const std::unique_ptr<Scheduler> scheduler = make_scheduler(plan(concurrency));
  SQLite::Database(mirror_path, SQLite::OPEN_READWRITE, 5'000).exec("UPDATE listing SET next_due_at = NULL");
  events.finished.clear();
  events.stop_reasons.clear();
  boost::asio::cancellation_signal cancel;
  OnceReport report;
  bool has_ended = false;
  boost::asio::co_spawn(env.context(), scheduler->run(),
                        boost::asio::bind_cancellation_slot(
                            cancel.slot(), [&](const std::exception_ptr& thrown, const Failure& why) {
                              has_ended = true;
                              if (!thrown) report.stopped_by = why;
                            }));
  driver.run_until([&] { return has_ended || !events.finished.empty() || !events.stop_reasons.empty(); });
  cancel.emit(boost::asio::cancellation_type::terminal);
  driver.run_until([&] { return has_ended; });
  if (!events.finished.empty()) report.counters = events.finished.back().second;
  if (!events.stop_reasons.empty()) report.stopped_by = events.stop_reasons.front();
  return report;
}

std::string query_one(const std::filesystem::path& mirror_path, const std::string& sql) {
  const SQLite::Database database(mirror_path.string(), SQLite::OPEN_READONLY);
  SQLite::Statement query(database, sql);
  return query.executeStep() ? query.getColumn(0).getString() : "(no row)";
}

}  // namespace couponsync::test
