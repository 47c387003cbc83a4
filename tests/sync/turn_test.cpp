#include "sync/turn.h"

#include "support/fake_env.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/system/system_error.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace couponsync::test {
namespace {

using testing::ElementsAre;

class TurnTest : public testing::Test {
 protected:
  /// Somebody who keeps the turn until `give_back`.
  void ask(int who, Urgency urgency = Urgency::ordinary) {
    boost::asio::co_spawn(
        env_.context(), take(who, urgency),
        boost::asio::bind_cancellation_slot(cancel_.at(static_cast<std::size_t>(who)).slot(),
                                            [this, who](const std::exception_ptr& thrown) {
                                              if (thrown) told_.push_back(std::to_string(who) + " left");
                                            }));
    settle();
  }
  void cancel(int who) {
    cancel_.at(static_cast<std::size_t>(who)).emit(boost::asio::cancellation_type::terminal);
  }
  void give_back() { holder_.reset(); }
  void settle() {
    while (env_.run_ready_handler()) {
    }
  }

  FakeEnv env_;
  Turn turn_{env_.context().get_executor()};
  std::optional<Turn::Holder> holder_;
  std::array<boost::asio::cancellation_signal, 5> cancel_;
  std::array<Urgency, 5> urgencies_{};
  std::vector<std::string> told_;

 private:
  Task<> take(int who, Urgency urgency) {
    urgencies_.at(static_cast<std::size_t>(who)) = urgency;
    Turn::Holder holder = co_await turn_.take(urgencies_.at(static_cast<std::size_t>(who)));
    told_.push_back(std::to_string(who));
    holder_.emplace(std::move(holder));
  }
};

TEST_F(TurnTest, GoesFromOneToTheNextInTheOrderOfAsking) {
  for (int who = 0; who < 3; ++who) ask(who);
  EXPECT_THAT(told_, ElementsAre("0"));
  give_back();
  settle();
  EXPECT_THAT(told_, ElementsAre("0", "1"));
  give_back();
  settle();
  give_back();
  ask(3);
  EXPECT_THAT(told_, ElementsAre("0", "1", "2", "3"));
}

TEST_F(TurnTest, GoesToTheUrgentFirst) {
  ask(0);
  ask(1);
  ask(2, Urgency::urgent);
  ask(3);
  ask(4, Urgency::urgent);
  for (int i = 0; i < 4; ++i) {
    give_back();
    settle();
  }
  EXPECT_THAT(told_, ElementsAre("0", "2", "4", "1", "3"));
}

TEST_F(TurnTest, GoesFirstToWhoBecameUrgentWhileWaiting) {
  for (int who = 0; who < 4; ++who) ask(who);
  urgencies_[2] = Urgency::urgent;
  for (int i = 0; i < 3; ++i) {
    give_back();
    settle();
  }
  EXPECT_THAT(told_, ElementsAre("0", "2", "1", "3"));
}

TEST_F(TurnTest, IsNotLostWhenAllWhoWaitForItLeave) {
  for (int who = 0; who < 3; ++who) ask(who);
  cancel(1);
  cancel(2);
  settle();
  give_back();
  ask(3);
  EXPECT_THAT(told_, ElementsAre("0", "1 left", "2 left", "3"));
}

TEST_F(TurnTest, IsNotLostWhenWhoGetsItLeavesAtThatMoment) {
  for (int who = 0; who < 3; ++who) ask(who);
  give_back();
  cancel(1);
  settle();
  give_back();  // it may have got it before it learned of that
  settle();
  EXPECT_EQ(told_.back(), "2");
}

TEST_F(TurnTest, PassesOverWhoLeft) {
  for (int who = 0; who < 3; ++who) ask(who);
  cancel(1);
  settle();
  give_back();
  settle();
  EXPECT_THAT(told_, ElementsAre("0", "1 left", "2"));
}

}  // namespace
}  // namespace couponsync::test
