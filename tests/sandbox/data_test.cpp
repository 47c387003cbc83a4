#include "sandbox/data.h"

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include <set>

namespace couponsync::sandbox {
namespace {

DataOptions options(std::uint64_t seed) {
  DataOptions result;
  result.seed = seed;
  result.users = 200;
  return result;
}

std::string text_of(const Data& data) {
  std::string text;
  for (const User& user : data.users()) {
    text += user.openid;
    for (const boost::json::object& entry : user.coupons) text += boost::json::serialize(entry);
  }
  return text;
}

TEST(Data, IsTheSameForTheSameSeed) {
  EXPECT_EQ(text_of(Data(options(1))), text_of(Data(options(1))));
  EXPECT_NE(text_of(Data(options(1))), text_of(Data(options(2))));
}

TEST(Data, HasTheCountsThatPagingTripsOver) {
  const Data data(options(3));
  std::set<std::size_t> counts;
  for (const User& user : data.users()) counts.insert(user.coupons.size());
  for (const std::size_t count : {0U, 1U, 50U, 51U, 100U, 130U}) EXPECT_TRUE(counts.contains(count)) << count;
}

TEST(Data, HasAllStatesBenefitsAndEditions) {
  const Data data(options(4));
  const std::string text = text_of(data);
  for (const char* part : {"CONFIRMING",
                           "PENDING",
                           "EFFECTIVE",
                           "\"USED\"",
                           "EXPIRED",
                           "DELETED",
                           "DEACTIVATED",
                           "discount_amount",
                           "percent_off",
                           "exchange_price",
                           "sequential_usage_detail",
                           "progressive_bundle_usage_detail",
                           "single_usage_detail",
                           "associated_pay_score_order_info",
                           "user_product_coupon_bundle_info",
                           "coupon_tag_info",
                           ":null",
                           "🎁",
                           "T08:00+08:00",
                           "Z\""})
    EXPECT_NE(text.find(part), std::string::npos) << part;
}

TEST(Data, NamesNoCouponTwice) {
  const Data data(options(5));
  for (const User& user : data.users()) {
    std::set<std::string> names;
    for (const boost::json::object& entry : user.coupons)
      EXPECT_TRUE(names
                      .insert(boost::json::serialize(entry.at("stock").at("stock_id")) +
                              boost::json::serialize(entry.at("coupon_code")))
                      .second);
  }
}

TEST(Data, ComesNearTheTotalItIsAskedFor) {
  DataOptions wanted = options(6);
  wanted.coupons_total = 10'000;
  std::size_t total = 0;
  const Data data(wanted);
  for (const User& user : data.users()) total += user.coupons.size();
  EXPECT_NEAR(static_cast<double>(total), 10'000, 300);
}

TEST(Data, ChangesAsItIsTold) {
  Data data(options(7));
  User& user = data.users()[2];
  ASSERT_EQ(user.coupons.size(), 50U);
  EXPECT_EQ(data.mutate(user, "delete", 3), 3);
  EXPECT_EQ(user.coupons.size(), 47U);
  EXPECT_EQ(data.mutate(user, "add", 2), 2);
  EXPECT_GE(user.coupons.size(), 49U);
  EXPECT_EQ(data.mutate(data.users()[0], "use", 1), 0) << "a user without coupons has none to use";
  EXPECT_THROW(data.mutate(user, "nonsense", 1), std::invalid_argument);
}

}  // namespace
}  // namespace couponsync::sandbox
