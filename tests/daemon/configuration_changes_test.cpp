#include "configuration/configuration_changes.h"

#include "support/watchlist.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace couponsync::daemon::test {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST(ConfigurationChanges, AreNoneBetweenEqualOnes) {
  EXPECT_THAT(changed_settings(Configuration(), Configuration()), IsEmpty());
}

TEST(ConfigurationChanges, AreSaidWithTheOldAndTheNewValue) {
  Configuration now;
  now.api.backup.reset();
  now.sync.interval = std::chrono::minutes(5);
  now.rate.share = 0.5;
  now.http.listen = "127.0.0.1:9464";
  now.log.level = LogLevel::debug;
  EXPECT_THAT(
      changed_settings(Configuration(), now),
      ElementsAre("api.backup https://api2.mch.weixin.qq.com -> null", "sync.interval 15m -> 5m",
                  "rate.share 1 -> 0.5", "http.listen null -> 127.0.0.1:9464", "log.level info -> debug"));
}

TEST(ConfigurationChanges, OfCredentialsAreSaidWithoutThem) {
  Configuration now;
  now.credentials.certificate_serial = "SERIAL";
  now.credentials.wechatpay_public_key_id = "PUB_KEY_ID_1";
  EXPECT_THAT(
      changed_settings(Configuration(), now),
      ElementsAre("credentials.certificate_serial changed", "credentials.wechatpay_public_key_id changed"));
}

ListingKey listing(const std::string& openid, const std::string& state = "") {
  return {.appid = "wx1",
          .openid = Openid(openid),
          .product_coupon_id = "",
          .stock_id = "",
          .coupon_state = state};
}

TEST(ConfigurationChanges, OfTheWatchlistAreCountedAndNotNamed) {
  const std::vector<ListingKey> before{listing("a"), listing("b"), listing("c")};
  const std::vector<ListingKey> now{listing("c"), listing("d"), listing("a", "USED"), listing("e")};
  EXPECT_EQ(changed_listings(*listing_set(before), *listing_set(now)),
            "2 openids added, 1 removed (3 listings added, 2 removed)");
  EXPECT_EQ(changed_listings(*listing_set(before), *listing_set(before)), "");
}

TEST(ConfigurationChanges, OfTheBrandAreRefusedWhateverElseChanges) {
  Configuration before;
  before.brand_id = "120344";
  before.mirror.path = "/a/mirror.db";
  Configuration now = before;
  now.brand_id = "120345";
  for (const char* mirror : {"/a/mirror.db", "/b/mirror.db"}) {
    now.mirror.path = mirror;
    try {
      keep_fixed_settings(before, now);
      FAIL() << "it was taken";
    } catch (const ConfigurationError& error) {
      EXPECT_EQ(error.problems().front().pointer, "/brand_id");
      EXPECT_THAT(error.what(),
                  AllOf(HasSubstr("120345"), HasSubstr("/a/mirror.db belongs to brand 120344")));
    }
  }
}

TEST(ConfigurationChanges, OfTheMirrorAreTakenBackAndNamed) {
  Configuration before;
  before.mirror.path = "/a/mirror.db";
  Configuration now = before;
  EXPECT_THAT(keep_fixed_settings(before, now), IsEmpty());
  now.mirror = {.path = "/b/mirror.db", .durability = Durability::normal};
  EXPECT_THAT(keep_fixed_settings(before, now),
              ElementsAre("mirror.path /a/mirror.db -> /b/mirror.db", "mirror.durability full -> normal"));
  EXPECT_EQ(now.mirror.path, before.mirror.path);
  EXPECT_EQ(now.mirror.durability, before.mirror.durability);
}

}  // namespace
}  // namespace couponsync::daemon::test
