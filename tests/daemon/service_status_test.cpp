#include "service_status.h"

#include <gtest/gtest.h>

namespace couponsync::daemon::test {
namespace {

ServiceStatus healthy() {
  ServiceStatus status;
  status.listings = 300;
  status.fresh = 300;
  status.next_due_in = std::chrono::seconds(245);
  status.requests_per_second = 46.8;
  status.learned = LearnedRate{.requests_per_second = 46.8, .peak_requests_per_second = 50};
  status.activity = "last sync: 300 of 300 listings read";
  return status;
}

TEST(ServiceStatus, SaysInOneLineWhatAPersonWantsToSee) {
  EXPECT_EQ(healthy().text(),
            "300 of 300 listings fresh; next due in 4 min 5 s; up to 46.8 requests/s of 46.8 learned; "
            "primary domain; "
            "last sync: 300 of 300 listings read");
}

TEST(ServiceStatus, SaysWhatIsWrong) {
  ServiceStatus status = healthy();
  status.fresh = 290;
  status.failing = 10;
  status.next_due_in = std::chrono::seconds(0);
  status.learned.reset();
  status.primary_avoided = true;
  status.activity = "syncing 10 listings";
  EXPECT_EQ(status.text(),
            "290 of 300 listings fresh, 10 failing; up to 46.8 requests/s, the quota was not met yet; backup "
            "domain, the "
            "primary is avoided; syncing 10 listings");
  status.has_backup = false;
  EXPECT_NE(status.text().find("the primary domain is avoided and there is no backup"), std::string::npos);
  status.has_backup = true;
  status.pause = "nothing is sent until 14:03:05, WeChat Pay asks for a pause: RATE_LIMITED, HTTP 429";
  EXPECT_NE(status.text().find("10 failing; nothing is sent until 14:03:05"), std::string::npos)
      << status.text();
  status.backup_avoided = true;
  EXPECT_NE(status.text().find("no domain works"), std::string::npos);
  status.unserved = "http.listen: it is tried again";
  EXPECT_TRUE(status.text().ends_with("syncing 10 listings; http.listen: it is tried again"))
      << status.text();
}

}  // namespace
}  // namespace couponsync::daemon::test
