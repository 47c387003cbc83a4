#include "net/address_order.h"

#include <gmock/gmock.h>

#include <string>

namespace couponsync {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

boost::asio::ip::tcp::endpoint at(const std::string& address) {
  return {boost::asio::ip::make_address(address), 443};
}

const auto kA = at("192.0.2.1");
const auto kB = at("192.0.2.2");
const auto kC = at("192.0.2.3");
const auto kSixA = at("2001:db8::1");
const auto kSixB = at("2001:db8::2");

TEST(AddressOrder, IsTheResolversAtFirst) {
  EXPECT_THAT(AddressOrder().apply({kA, kB, kC}), ElementsAre(kA, kB, kC));
  EXPECT_THAT(AddressOrder().apply({kB}), ElementsAre(kB));
  EXPECT_THAT(AddressOrder().apply({}), IsEmpty());
}

TEST(AddressOrder, TakesTheFamiliesInTurnBeginningWithTheResolversFirst) {
  EXPECT_THAT(AddressOrder().apply({kSixA, kSixB, kA, kB, kC}), ElementsAre(kSixA, kA, kSixB, kB, kC));
  EXPECT_THAT(AddressOrder().apply({kA, kB, kC, kSixA}), ElementsAre(kA, kSixA, kB, kC));
}

TEST(AddressOrder, BeginsWithTheOneThatWorkedLast) {
  AddressOrder order;
  order.worked(kB);
  EXPECT_THAT(order.apply({kA, kB, kC}), ElementsAre(kB, kA, kC));
  order.worked(kC);
  EXPECT_THAT(order.apply({kA, kB, kC}), ElementsAre(kC, kA, kB));
}

TEST(AddressOrder, ForgetsTheOneThatWorkedWhenItFails) {
  AddressOrder order;
  order.worked(kB);
  order.failed(kB);
  EXPECT_THAT(order.apply({kA, kB, kC}), ElementsAre(kA, kC, kB));
}

TEST(AddressOrder, EndsWithThoseThatFailedTheLatestLast) {
  AddressOrder order;
  order.failed(kA);
  order.failed(kB);
  EXPECT_THAT(order.apply({kA, kB, kC}), ElementsAre(kC, kA, kB));
  order.failed(kA);
  EXPECT_THAT(order.apply({kA, kB, kC}), ElementsAre(kC, kB, kA));
}

TEST(AddressOrder, TriesAllInTurnWhereAllFail) {
  AddressOrder order;
  order.failed(kA);
  EXPECT_THAT(order.apply({kA, kB}), ElementsAre(kB, kA));
  order.failed(kB);
  EXPECT_THAT(order.apply({kA, kB}), ElementsAre(kA, kB));
}

TEST(AddressOrder, ForgivesAnAddressThatWorksAgain) {
  AddressOrder order;
  order.failed(kA);
  order.worked(kA);
  order.worked(kB);
  EXPECT_THAT(order.apply({kA, kC, kB}), ElementsAre(kB, kA, kC));
}

TEST(AddressOrder, NeverAddsAnAddressTheResolverDidNotName) {
  AddressOrder order;
  order.worked(kA);
  order.failed(kB);
  EXPECT_THAT(order.apply({kC}), ElementsAre(kC)) << "access addresses change";
}

TEST(AddressOrder, TellsPortsApart) {
  AddressOrder order;
  const boost::asio::ip::tcp::endpoint other_port(kB.address(), 8443);
  order.worked(other_port);
  EXPECT_THAT(order.apply({kA, kB}), ElementsAre(kA, kB));
}

TEST(AddressOrder, StaysSmallHoweverManyAddressesFail) {
  AddressOrder order;
  const auto nth = [](unsigned i) {
    return boost::asio::ip::tcp::endpoint(boost::asio::ip::address_v4(0x0A000000U + i), 443);
  };
  for (unsigned i = 0; i < 1'000; ++i) order.failed(nth(i));
  EXPECT_THAT(order.apply({nth(999), nth(0)}), ElementsAre(nth(0), nth(999))) << "the first is forgotten";
}

}  // namespace
}  // namespace couponsync
