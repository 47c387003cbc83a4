#include "base/system_env.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>
#include <gtest/gtest.h>

#include <array>

namespace couponsync {
namespace {

TEST(SystemEnv, ReturnsAtOnceFromASleepThatIsOver) {
  boost::asio::io_context context;
  SystemEnv env;
  bool ended = false;
  boost::asio::co_spawn(context, env.sleep_until(env.steady_now() - std::chrono::hours(1)),
                        [&](const std::exception_ptr& e) { ended = !e; });
  context.run();
  EXPECT_TRUE(ended);
}

TEST(SystemEnv, ACancelledSleepEndsAtOnceAsAborted) {
  boost::asio::io_context context;
  SystemEnv env;
  boost::asio::cancellation_signal cancel;
  boost::system::error_code code;
  boost::asio::co_spawn(context, env.sleep_until(env.steady_now() + std::chrono::hours(1)),
                        boost::asio::bind_cancellation_slot(cancel.slot(), [&](const std::exception_ptr& e) {
                          try {
                            std::rethrow_exception(e);
                          } catch (const boost::system::system_error& error) {
                            code = error.code();
                          }
                        }));
  boost::asio::post(context, [&] { cancel.emit(boost::asio::cancellation_type::terminal); });
  context.run();
  EXPECT_EQ(code, boost::asio::error::operation_aborted);
}

TEST(SystemEnv, FillsBytesThatDiffer) {
  SystemEnv env;
  std::array<std::byte, 32> a{};
  std::array<std::byte, 32> b{};
  env.random_bytes(a);
  env.random_bytes(b);
  EXPECT_NE(a, b);
}

TEST(SystemEnv, GivesFractionsOfOne) {
  SystemEnv env;
  for (int i = 0; i < 1000; ++i) {
    const double x = env.random_unit();
    ASSERT_GE(x, 0.0);
    ASSERT_LT(x, 1.0);
  }
}

}  // namespace
}  // namespace couponsync
