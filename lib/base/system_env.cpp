#include "base/system_env.h"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <openssl/rand.h>

#include <stdexcept>

namespace couponsync {

SystemEnv::SystemEnv() : generator_(std::random_device{}()) {}

Task<> SystemEnv::sleep_until(SteadyTime when) {
  auto executor = co_await boost::asio::this_coro::executor;
  boost::asio::steady_timer timer(executor, when);
  co_await timer.async_wait(boost::asio::use_awaitable);
}

void SystemEnv::random_bytes(std::span<std::byte> out) {
  if (RAND_bytes(reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(out.size())) != 1)
    throw std::runtime_error("OpenSSL's random generator failed");
}

double SystemEnv::random_unit() { return std::uniform_real_distribution<double>(0.0, 1.0)(generator_); }

}  // namespace couponsync
