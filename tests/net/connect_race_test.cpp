#include "net/connect_race.h"

#include "net/dead_port.h"
#include "net/transport_fixture.h"
#include "support/descriptor_shortage.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <gmock/gmock.h>

#include <algorithm>

namespace couponsync {
namespace {

using namespace std::chrono_literals;
using boost::asio::ip::tcp;
using test::DeadPort;
using test::DescriptorShortage;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

constexpr auto kPromptly = 5s;  // far below the deadline, far above what a slow machine needs

class ConnectRaceTest : public testing::Test {
 protected:
  using Race = test::Call<Connected>;

  std::unique_ptr<Race> start(Addresses addresses, std::chrono::milliseconds given = 30s) {
    auto race = std::make_unique<Race>();
    const Deadline deadline{std::chrono::steady_clock::now() + given, "connection", given};
    const auto finish = [&race = *race](std::exception_ptr thrown, std::optional<Result<Connected>> result) {
      race.thrown = thrown;
      if (!thrown) race.result = std::move(result);
    };
    boost::asio::post(
        io_, [this, addresses = std::move(addresses), deadline, finish, &race = *race]() mutable {
          boost::asio::co_spawn(io_, connect(std::move(addresses), deadline),
                                boost::asio::bind_cancellation_slot(race.cancel.slot(), finish));
        });
    io_.restart();
    io_.run_one();
    return race;
  }
  /// co_spawn wants a result that can be made from nothing.
  Task<std::optional<Result<Connected>>> connect(Addresses addresses, Deadline deadline) {
    Result<Connected> connected = co_await connect_to_first(addresses, deadline, name_, spare_);
    co_return connected;
  }
  void run_until_done(const Race& race) {
    io_.restart();
    while (!race.done())
      if (io_.run_one() == 0) throw std::logic_error("nothing more happens");
  }
  /// What it connected to.
  tcp::endpoint winner_of(Addresses addresses) {
    const auto race = start(std::move(addresses));
    run_until_done(*race);
    if (!*race->result) throw std::logic_error(describe(race->result->error()));
    return (*race->result)->address;
  }
  Failure failure_of(Addresses addresses, std::chrono::milliseconds given = 30s) {
    const auto race = start(std::move(addresses), given);
    run_until_done(*race);
    if (*race->result) throw std::logic_error("it connected");
    return race->result->error();
  }
  /// The shortest of several races, since a busy machine makes any one of them long.
  SteadyTime::duration time_to_connect(const Addresses& addresses) {
    SteadyTime::duration shortest = 1h;
    for (int i = 0; i < 5; ++i) {
      const SteadyTime begin = std::chrono::steady_clock::now();
      winner_of(addresses);
      shortest = std::min(shortest, std::chrono::steady_clock::now() - begin);
    }
    return shortest;
  }
  tcp::endpoint refusing() {
    const tcp::acceptor closed(io_, {boost::asio::ip::address_v4::loopback(), 0});
    return closed.local_endpoint();
  }

  const std::string name_ = "api.test:443";
  boost::asio::io_context io_{1};
  std::shared_ptr<SpareSockets> spare_ = std::make_shared<SpareSockets>(8);
  tcp::acceptor alive_{io_, {boost::asio::ip::address_v4::loopback(), 0}};
  tcp::acceptor other_{io_, {boost::asio::ip::address_v4::loopback(), 0}};
  DeadPort dead_port_{io_};
  const tcp::endpoint alive = alive_.local_endpoint();
  const tcp::endpoint other = other_.local_endpoint();
  const tcp::endpoint dead = dead_port_.endpoint();
};

TEST_F(ConnectRaceTest, TakesTheFirstAddressIfItAnswersAndTouchesNoOther) {
  other_.non_blocking(true);
  EXPECT_EQ(winner_of({alive, other}), alive);
  boost::system::error_code ec;
  other_.accept(ec);
  EXPECT_EQ(ec, boost::asio::error::would_block);
}

TEST_F(ConnectRaceTest, ADeadAddressCostsItsHeadStartAlone) {
  const auto took = time_to_connect({dead, alive});
  EXPECT_GE(took, 250ms);
  EXPECT_LT(took, 500ms);
}

TEST_F(ConnectRaceTest, TheNextIsTriedAtOnceWhenOneIsRefused) {
  const tcp::endpoint refused = refusing();
  EXPECT_LT(time_to_connect({refused, refused, refused, alive}), 250ms);
  EXPECT_EQ(winner_of({refused, other, alive}), other);
}

TEST_F(ConnectRaceTest, ARefusalBesideADeadAddressIsNotWaitedFor) {
  const tcp::endpoint refused = refusing();
  const auto took = time_to_connect({dead, refused, alive});
  EXPECT_GE(took, 250ms);
  EXPECT_LT(took, 500ms) << "not another head start for the refused one";
}

TEST_F(ConnectRaceTest, ManyDeadAddressesShareTheTimeThatIsLeft) {
  Addresses addresses(12, dead);
  addresses.push_back(alive);
  const auto race = start(addresses, 2s);
  run_until_done(*race);
  ASSERT_TRUE(*race->result) << describe(race->result->error());
  EXPECT_EQ((*race->result)->address, alive);
}

TEST_F(ConnectRaceTest, ItIsOverAtTheDeadlineAndSaysWhatFailedMeanwhile) {
  const Failure failure = failure_of({refusing(), dead, dead}, 700ms);
  EXPECT_EQ(failure.kind, FailureKind::timed_out);
  EXPECT_THAT(failure.detail, AllOf(StartsWith("api.test:443: no connection within 700 ms (while connecting"),
                                    HasSubstr("127.0.0.1: Connection refused")));
}

TEST_F(ConnectRaceTest, SaysWhatCameOfEachAddressIfNoneCouldBeConnected) {
  EXPECT_EQ(failure_of({refusing()}).detail, "api.test:443: Connection refused (127.0.0.1)");
  const boost::asio::ip::tcp::endpoint unreachable(boost::asio::ip::make_address("127.255.255.255"), 443);
  const Failure failure = failure_of({unreachable, refusing()});
  EXPECT_EQ(failure.kind, FailureKind::connect_failed);
  EXPECT_THAT(failure.detail,
              AllOf(StartsWith("api.test:443: none of 2 addresses could be connected (127.255.255.255: "),
                    HasSubstr(", 127.0.0.1: Connection refused")));
  EXPECT_THAT(failure_of(Addresses(9, refusing())).detail, testing::EndsWith(", ...)"));
}

TEST_F(ConnectRaceTest, LeavesNoSocketOfALoserBehind) {
  const auto before = test::open_descriptors();
  const auto race = start({dead, dead, alive});
  run_until_done(*race);
  EXPECT_EQ(test::open_descriptors(), before + 1) << "the winner's";
  EXPECT_EQ(spare_->left(), 8U);
}

TEST_F(ConnectRaceTest, LeavesNoSocketBehindAtTheDeadline) {
  const auto before = test::open_descriptors();
  failure_of({dead, dead, dead}, 600ms);
  EXPECT_EQ(test::open_descriptors(), before);
  EXPECT_EQ(spare_->left(), 8U);
}

TEST_F(ConnectRaceTest, LeavesNoSocketBehindWhenCancelledAtAnyStep) {
  const auto before = test::open_descriptors();
  const tcp::endpoint refused = refusing();
  bool ended_by_itself = false;
  for (int steps = 0; !ended_by_itself; ++steps) {
    const auto race = start({refused, dead, refused, alive});
    for (int i = 0; i < steps && !race->done(); ++i) io_.run_one();
    ended_by_itself = race->done();
    test::abort(io_, *race);
    run_until_done(*race);
    EXPECT_TRUE(test::was_aborted(race->thrown) || *race->result) << "after " << steps << " steps";
    race->result.reset();
    EXPECT_EQ(test::open_descriptors(), before) << "after " << steps << " steps";
    EXPECT_EQ(spare_->left(), 8U);
    ASSERT_LT(steps, 100);
  }
}

TEST_F(ConnectRaceTest, WithoutASpareSocketTheNextAddressTakesTheOldestsPlace) {
  spare_ = std::make_shared<SpareSockets>(0);
  const auto before = test::open_descriptors();
  const auto race = start({dead, dead, dead, alive});
  std::ptrdiff_t most = 0;
  io_.restart();
  while (!race->done()) {
    io_.run_one();
    most = std::max(most, test::open_descriptors());
  }
  ASSERT_TRUE(*race->result) << describe(race->result->error());
  EXPECT_LE(most, before + 1);
  EXPECT_EQ(spare_->left(), 0U);
}

TEST_F(ConnectRaceTest, ManyRacesAtOnceHoldNoMoreSocketsThanOneEachAndTheSpareOnes) {
  const auto before = test::open_descriptors();
  std::vector<std::unique_ptr<Race>> races;
  for (int i = 0; i < 20; ++i) races.push_back(start({dead, dead, dead, dead, dead, alive}));
  std::ptrdiff_t most = 0;
  for (const auto& race : races) {
    io_.restart();
    while (!race->done()) {
      io_.run_one();
      most = std::max(most, test::open_descriptors());
    }
    EXPECT_TRUE(*race->result) << describe(race->result->error());
  }
  EXPECT_LE(most, before + 20 + 8);
  EXPECT_EQ(spare_->left(), 8U);
}

TEST_F(ConnectRaceTest, NamesAShortageOfDescriptorsAsWhatItIs) {
  for (const Addresses& addresses : {Addresses{alive}, Addresses{alive, other, dead}}) {
    const DescriptorShortage shortage;
    const Failure failure = failure_of(addresses);
    EXPECT_EQ(failure.kind, FailureKind::out_of_descriptors);
    EXPECT_NE(failure.rule().of_domain, OfDomain::is_down);
    EXPECT_THAT(failure.detail, StartsWith("api.test:443: no file descriptor is left"));
    EXPECT_THAT(std::string(failure.rule().advice), HasSubstr("LimitNOFILE"));
  }
  EXPECT_EQ(spare_->left(), 8U);
}

TEST_F(ConnectRaceTest, ADeadAddressGivesWayIfItHasTheLastDescriptor) {
  const DescriptorShortage shortage(1);
  EXPECT_EQ(winner_of({dead, dead, alive}), alive);
}

}  // namespace
}  // namespace couponsync
