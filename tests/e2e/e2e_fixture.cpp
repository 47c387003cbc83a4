#include "e2e/e2e_fixture.h"

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>
#include <boost/json/parse.hpp>

#include <chrono>
#include <stdexcept>
#include <thread>
#include <utility>

namespace couponsync::test {

void E2eTest::start_sandbox(std::vector<std::string> options) {
  sandbox_ = std::make_unique<Sandbox>(folder() / "sandbox", std::move(options));
}

std::unique_ptr<Process> E2eTest::start_couponsyncd(const std::string& command,
                                                    const std::vector<std::string>& options,
                                                    const std::vector<std::string>& environment) const {
  std::vector<std::string> arguments{COUPONSYNC_PROGRAM, command, "--config", sandbox_->config().string()};
  arguments.insert(arguments.end(), options.begin(), options.end());
  return std::make_unique<Process>(arguments, folder(), environment);
}

ProcessResult E2eTest::couponsyncd(const std::string& command,
                                   const std::vector<std::string>& options) const {
  return start_couponsyncd(command, options)->wait();
}

boost::json::object E2eTest::once(int exit_code) const {
  const ProcessResult result = couponsyncd("once", {"--json"});
  EXPECT_EQ(result.exit_code, exit_code) << result.err;
  return result.out.empty() ? boost::json::object() : boost::json::parse(result.out).as_object();
}

void E2eTest::expect_mirror_equals_sandbox() const {
  const ExpectedRows expected = expected_rows(sandbox_->get("/truth").as_array());
  const ExpectedRows actual = mirrored_rows(sandbox_->mirror());
  EXPECT_EQ(difference(expected.coupons, actual.coupons), "");
  EXPECT_EQ(difference(expected.usage_details, actual.usage_details), "");
  EXPECT_EQ(difference(expected.stocks, actual.stocks), "");
  EXPECT_EQ(difference(expected.products, actual.products), "");
}

std::string E2eTest::query(const std::string& sql) const {
  const SQLite::Database mirror(sandbox_->mirror().string(), SQLite::OPEN_READONLY);
  SQLite::Statement statement(mirror, sql);
  return statement.executeStep() ? statement.getColumn(0).getString() : "(no row)";
}

void E2eTest::wait_until_all_is_read() const {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (query("SELECT count(*) FROM listing WHERE watched = 1 AND last_completed_at IS NULL") != "0") {
    if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error("not all is read in time");
    std::this_thread::sleep_for(std::chrono::milliseconds(20));  // between two looks
  }
}

void E2eTest::configure(const std::string& section, const std::string& key,
                        const boost::json::value& value) const {
  boost::json::object config = sandbox_->read_config();
  boost::json::value& found = config[section];
  if (!found.is_object()) found.emplace_object();
  found.as_object()[key] = value;
  sandbox_->write_config(config);
}

std::int64_t number(const boost::json::object& object, const char* key) {
  return object.at(key).to_number<std::int64_t>();
}

}  // namespace couponsync::test
