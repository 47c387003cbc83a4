#include "sync/listing_probe.h"

#include "sync/sync_fixture.h"

#include <boost/asio/cancellation_signal.hpp>
#include <boost/system/system_error.hpp>
#include <gmock/gmock.h>

#include <utility>

namespace couponsync::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// One user whose listing was read whole, and who is then looked at in part.
class ListingProbeTest : public SyncTest {
 protected:
  ListingProbeTest() {
    world_.populate(1, [](int) { return 120; });
    world_.once();
    world_.api.calls.clear();
  }

  Result<bool> probe(Part part) {
    std::vector<Listing> listings = watch(world_.watchlist());
    pages_.clear();
    return world_.driver.run(
        probe_.read(listings.front(), std::move(part), kOrdinary, cost_,
                    [this](const Page& page) { pages_.push_back(page.coupons.size()); }));
  }
  std::vector<Listing> watch(std::vector<ListingKey> keys) {
    Result<std::vector<Listing>> listings = world_.driver.run(world_.writer->watch(std::move(keys)));
    return std::move(*listings);
  }
  std::string query(const std::string& sql) const { return query_one(path_, sql); }
  std::string standing() const {
    return query(
        "SELECT coalesce(next_page_token, '-') || '/' || pages_done || '/' || last_completed_at || '/' ||"
        " next_due_at || '/' || failures FROM listing");
  }
  std::vector<std::string> asked() const {
    std::vector<std::string> calls;
    for (const SeenCall& call : world_.api.calls)
      calls.push_back(call.coupon_state + "|" + call.stock_id + "|" + call.page_token);
    return calls;
  }

  World world_{path_};
  Client client_{{world_.env, world_.rate, world_.pause, world_.events, world_.writer->request_orders()},
                 world_.make_session(),
                 {},
                 world_.env.context().get_executor()};
  MirrorGate gate_{world_.env, world_.events, world_.env.context().get_executor()};
  ListingProbe probe_{{world_.env, client_, *world_.writer, gate_, world_.events}};
  RunCounters cost_;
  std::vector<std::size_t> pages_;
};

TEST_F(ListingProbeTest, OfTheFirstPageIsOneCallHoweverLongTheListing) {
  const std::string before = standing();
  world_.api.coupons["o0"].insert(world_.api.coupons["o0"].begin(), "new");
  EXPECT_TRUE(probe({.kind = Part::Kind::first_page}).value());
  EXPECT_THAT(asked(), ElementsAre("||"));
  EXPECT_THAT(pages_, ElementsAre(50U));
  EXPECT_EQ(query("SELECT coupon_state FROM coupon WHERE coupon_code = 'new'"), "EFFECTIVE");
  EXPECT_EQ(standing(), before);
  EXPECT_EQ(query("SELECT last_probed_at FROM listing"),
            std::to_string(to_unix_seconds(world_.env.wall_now())));
  EXPECT_EQ(cost_.inserted, 1);
  EXPECT_EQ(cost_.requests, 1);
}

TEST_F(ListingProbeTest, OfTheEffectiveReadsThoseAloneToTheirEnd) {
  world_.api.state_of = [](const std::string& code) {
    return std::string(code.ends_with("7") ? "USED" : "EFFECTIVE");
  };
  EXPECT_TRUE(probe({.kind = Part::Kind::effective}).value());
  EXPECT_THAT(asked(), ElementsAre("EFFECTIVE||", "EFFECTIVE||t=+50", "EFFECTIVE||t=+100"));
  EXPECT_EQ(query("SELECT count(*) FROM coupon WHERE coupon_state = 'USED'"), "0");
  EXPECT_EQ(query("SELECT count(*) FROM coupon WHERE missing_since NOT NULL"), "0");
}

TEST_F(ListingProbeTest, OfAStockShowsWhatBecameOfItsCoupons) {
  world_.api.stock_of = [](const std::string& code) { return std::string(code == "c0-3" ? "S2" : "S1"); };
  world_.api.state_of = [](const std::string&) { return std::string("USED"); };
  EXPECT_TRUE(probe({.kind = Part::Kind::stock, .stock_id = "S2"}).value());
  EXPECT_THAT(asked(), ElementsAre("|S2|"));
  EXPECT_THAT(pages_, ElementsAre(1U));
}

TEST_F(ListingProbeTest, ThatGoesRoundInCirclesIsLeft) {
  world_.api.fault = [this](std::size_t, const SeenCall& call) -> std::optional<Result<HttpReply>> {
    if (call.page_token.empty()) return std::nullopt;
    SeenCall first = call;
    first.page_token = "t=+0";
    return world_.api.page_for(first);
  };
  EXPECT_FALSE(probe({.kind = Part::Kind::effective}).value());
  EXPECT_EQ(world_.api.calls.size(), 2U);
}

TEST_F(ListingProbeTest, ThatFailsLeavesNoTraceAtTheListing) {
  const std::string before = standing();
  world_.api.fault = [](std::size_t, const SeenCall&) -> std::optional<Result<HttpReply>> {
    return FakeWechatPay::error_reply(400, "PARAM_ERROR");
  };
  const Result<bool> read = probe({.kind = Part::Kind::effective});
  ASSERT_TRUE(read.has_error());
  EXPECT_EQ(read.error().code, "PARAM_ERROR");
  EXPECT_EQ(standing(), before);
  EXPECT_THAT(world_.events.failures, IsEmpty());
}

TEST_F(ListingProbeTest, CanBeCancelledAtEveryStep) {
  for (std::uint64_t step = 0;; ++step) {
    world_.driver.before_step = [&](std::uint64_t n) {
      if (n == step) world_.driver.cancel.emit(boost::asio::cancellation_type::terminal);
    };
    try {
      if (probe({.kind = Part::Kind::effective}).value()) break;
    } catch (const boost::system::system_error& error) {
      EXPECT_EQ(error.code(), boost::asio::error::operation_aborted);
    }
    ASSERT_LT(step, 1'000U);
  }
  EXPECT_EQ(query("SELECT count(*) FROM coupon"), "120");
}

}  // namespace
}  // namespace couponsync::test
