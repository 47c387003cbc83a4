#include "net/address_lookup.h"

#include "net/blocked_lookup.h"
#include "net/transport_fixture.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <gmock/gmock.h>

namespace couponsync {
namespace {

using namespace std::chrono_literals;
using test::BlockedLookup;
using testing::HasSubstr;

const HttpsEndpoint kEndpoint{"api.test", "443"};

class AddressLookupTest : public testing::Test {
 protected:
  using Found = test::Call<Addresses>;

  std::unique_ptr<Found> start(AddressLookup& lookup, std::chrono::milliseconds given = 20s) {
    auto found = std::make_unique<Found>();
    const Deadline deadline{std::chrono::steady_clock::now() + given, "connection", given};
    boost::asio::co_spawn(
        io_, lookup.find(deadline),
        boost::asio::bind_cancellation_slot(
            found->cancel.slot(), [&found = *found](std::exception_ptr thrown, Result<Addresses> result) {
              found.thrown = thrown;
              if (!thrown) found.result = std::move(result);
            }));
    return found;
  }
  void run() {
    io_.restart();
    io_.run();
  }

  boost::asio::io_context io_{1};
};

TEST_F(AddressLookupTest, TakesAnAddressAsItIs) {
  AddressLookup lookup({"::1", "8443"}, [](const HttpsEndpoint&) -> Result<Addresses> {
    ADD_FAILURE() << "looked up";
    return Addresses{};
  });
  const auto found = start(lookup);
  run();
  ASSERT_EQ((*found->result)->size(), 1U);
  EXPECT_EQ((*found->result)->front(),
            boost::asio::ip::tcp::endpoint(boost::asio::ip::address_v6::loopback(), 8443));
}

TEST_F(AddressLookupTest, SharesARunningLookup) {
  BlockedLookup blocked;
  AddressLookup lookup(kEndpoint, blocked.function());
  const auto first = start(lookup);
  const auto second = start(lookup);
  io_.poll();
  blocked.release();
  run();
  EXPECT_EQ((*first->result)->front().port(), 7);
  EXPECT_EQ((*second->result)->front().port(), 7);
  EXPECT_EQ(blocked.calls(), 1);
}

TEST_F(AddressLookupTest, LooksUpAnewAfterAnAnswer) {
  BlockedLookup unblocked;
  unblocked.release();
  AddressLookup lookup(kEndpoint, unblocked.function());
  for (int i = 1; i <= 3; ++i) {
    const auto found = start(lookup);
    run();
    EXPECT_TRUE(found->result && *found->result);
    EXPECT_EQ(unblocked.calls(), i);
  }
}

TEST_F(AddressLookupTest, HandsAFailureOn) {
  AddressLookup lookup(kEndpoint, [](const HttpsEndpoint&) -> Result<Addresses> {
    return Failure{FailureKind::resolve_failed, "unknown"};
  });
  const auto found = start(lookup);
  run();
  ASSERT_TRUE(found->result->has_error());
  EXPECT_EQ(found->result->error().kind, FailureKind::resolve_failed);
  EXPECT_EQ(found->result->error().detail, "unknown");
}

TEST_F(AddressLookupTest, LeavesAHangingLookupAtTheDeadline) {
  BlockedLookup blocked;
  AddressLookup lookup(kEndpoint, blocked.function());
  const auto late = start(lookup, 20ms);
  run();  // ends although the look-up goes on
  ASSERT_TRUE(late->result->has_error());
  EXPECT_EQ(late->result->error().kind, FailureKind::timed_out);
  EXPECT_EQ(late->result->error().detail,
            "api.test:443: no connection within 20 ms (while looking up the name)");

  const auto patient = start(lookup);
  io_.restart();
  io_.poll();
  blocked.release();
  run();
  EXPECT_TRUE(*patient->result);
  EXPECT_EQ(blocked.calls(), 1) << "it joined the one that hung";
}

TEST_F(AddressLookupTest, LeavesAHangingLookupWhenCancelled) {
  BlockedLookup blocked;
  AddressLookup lookup(kEndpoint, blocked.function());
  const auto cancelled = start(lookup);
  const auto other = start(lookup);
  io_.poll();
  test::abort(io_, *cancelled);
  io_.poll();
  EXPECT_TRUE(test::was_aborted(cancelled->thrown));
  EXPECT_FALSE(other->done());
  blocked.release();
  run();
  EXPECT_TRUE(*other->result);
}

TEST_F(AddressLookupTest, MayGoWhileALookupRuns) {
  BlockedLookup blocked;
  {
    AddressLookup lookup(kEndpoint, blocked.function());
    const auto found = start(lookup, 1ms);
    run();
    blocked.wait_until_called();
  }
  blocked.release();
  blocked.wait_until_dropped();
  io_.restart();
  EXPECT_EQ(io_.poll(), 0U);
}

}  // namespace
}  // namespace couponsync
