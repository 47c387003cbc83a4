#include "e2e/e2e_fixture.h"

#include <SQLiteCpp/Database.h>
#include <boost/json/parse.hpp>

#include <csignal>

namespace couponsync::test {
namespace {

class Status : public E2eTest {
 protected:
  ProcessResult of_mirror(const std::vector<std::string>& options = {}) {
    std::vector<std::string> arguments{COUPONSYNC_PROGRAM, "status", "--mirror", sandbox().mirror().string()};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return run_process(arguments, folder());
  }
  void in_mirror(const std::string& sql) {
    SQLite::Database(sandbox().mirror().string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE).exec(sql);
  }
};

TEST_F(Status, IsHealthyAfterACompleteRunWhileTheServiceRunsAndAfterIt) {
  start_sandbox({"--seed", "61", "--users", "20", "--coupons-max", "60"});
  auto service = start_couponsyncd("run");
  service->wait_for_err("sync (start) done");
  const ProcessResult running = couponsyncd("status");
  EXPECT_EQ(running.exit_code, 0) << running.out << running.err;
  EXPECT_NE(running.out.find("healthy   every listing was complete within 45 min"), std::string::npos)
      << running.out;
  service->signal(SIGTERM);
  service->wait();
  const ProcessResult stopped = of_mirror({"--json"});
  EXPECT_EQ(stopped.exit_code, 0);
  const auto status = boost::json::parse(stopped.out).as_object();
  EXPECT_TRUE(status.at("healthy").as_bool());
  EXPECT_EQ(status.at("listings").at("watched").to_number<int>(), 20);
  EXPECT_EQ(status.at("runs").at(0).at("trigger").as_string(), "start");
}

TEST_F(Status, SaysWhatIsFailingAndWhy) {
  start_sandbox({"--seed", "62", "--users", "5", "--coupons-max", "10"});
  const auto truth = sandbox().get("/truth");
  const std::string openid(truth.at(2).at("openid").as_string());
  sandbox().post("/faults", {{"fault", "not_found"}, {"openid", openid}});
  once(75);
  const ProcessResult result = of_mirror();
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_NE(result.out.find("unhealthy 1 listings are failing"), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("NOT_FOUND, HTTP 404 NOT_FOUND"), std::string::npos) << result.out;
  EXPECT_EQ(result.out.find(openid), std::string::npos) << "an openid in clear";
}

TEST_F(Status, IsStaleBeyondTheGivenAge) {
  start_sandbox({"--seed", "63", "--users", "3", "--coupons-max", "10"});
  EXPECT_EQ(couponsyncd("status").exit_code, 1) << "there is no mirror yet";
  once();
  EXPECT_EQ(of_mirror({"--max-age", "1d"}).exit_code, 0);
  in_mirror("UPDATE listing SET last_completed_at = 5 WHERE id = 1");
  const ProcessResult result = of_mirror({"--max-age", "1d"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_NE(result.out.find("1 listings were last complete more than 1 d ago"), std::string::npos)
      << result.out;
}

TEST_F(Status, RefusesWhatIsNoMirror) {
  start_sandbox({"--seed", "64", "--users", "1", "--coupons-max", "1"});
  in_mirror("CREATE TABLE t (x)");
  EXPECT_EQ(of_mirror().exit_code, 65);
}

}  // namespace
}  // namespace couponsync::test
