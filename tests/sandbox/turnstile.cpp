#include "sandbox/turnstile.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <memory>

namespace couponsync::sandbox {
namespace asio = boost::asio;

namespace {

constexpr auto kWait = asio::as_tuple(asio::use_awaitable);

}  // namespace

Turnstile::Turnstile(const asio::any_io_executor& executor)
    : changed_(executor, asio::steady_timer::time_point::max()) {}

asio::awaitable<void> Turnstile::pass() {
  ++arrived_;
  const bool hold = shut_at_ && arrived_ > *shut_at_;
  if (hold) ++held_;
  changed_.cancel();
  if (!hold) co_return;
  while (shut_at_) co_await changed_.async_wait(kWait);
  --held_;
}

void Turnstile::shut_after(std::int64_t more) { shut_at_ = arrived_ + more; }

void Turnstile::open() {
  shut_at_.reset();
  changed_.cancel();
}

asio::awaitable<bool> Turnstile::wait_arrived(std::int64_t count, std::chrono::milliseconds at_most) {
  return wait_for(arrived_, count, at_most);
}

asio::awaitable<bool> Turnstile::wait_held(std::int64_t count, std::chrono::milliseconds at_most) {
  return wait_for(held_, count, at_most);
}

asio::awaitable<bool> Turnstile::wait_for(const std::int64_t& counter, std::int64_t count,
                                          std::chrono::milliseconds at_most) {
  // Shared with the deadline's handler, which may run after this has ended.
  const auto late = std::make_shared<bool>(false);
  asio::steady_timer deadline(changed_.get_executor(), at_most);
  deadline.async_wait([late, this](const boost::system::error_code& error) {
    if (error) return;
    *late = true;
    changed_.cancel();
  });
  while (counter < count && !*late) co_await changed_.async_wait(kWait);
  co_return counter >= count;
}

}  // namespace couponsync::sandbox
