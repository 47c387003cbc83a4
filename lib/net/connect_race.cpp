#include "net/connect_race.h"

#include "base/descriptors.h"
#include "net/cancellation.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <poll.h>
#include <utility>

namespace couponsync {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::chrono::milliseconds kHeadStart{250};
constexpr std::size_t kMostNamed = 4;

struct Attempt {
  Attempt(const asio::any_io_executor& executor, const tcp::endpoint& to) : socket(executor), address(to) {}

  tcp::socket socket;
  tcp::endpoint address;
  bool pending = false;
  error_code error{};

  void close() {
    pending = false;
    error_code ignored;  // there is nothing to do about it
    socket.close(ignored);
  }
};

/// The attempts of one race. Shared with the handlers that have not run yet, which find nothing to do once it
/// is over. Its functions are called on the io thread.
class Attempts : public std::enable_shared_from_this<Attempts> {
 public:
  Attempts(const asio::any_io_executor& executor, std::shared_ptr<SpareSockets> spare)
      : changed(executor), executor_(executor), spare_(std::move(spare)) {}

  /// Tries this address beside those that are pending.
  void start(const tcp::endpoint& address);
  /// Closes all that is pending.
  void end();

  std::size_t pending() const {
    return static_cast<std::size_t>(std::ranges::count(all_, true, &Attempt::pending));
  }
  /// The kernel knows what became of one of them, and its handler is about to run.
  bool is_news_on_the_way();
  /// No address was tried because there was no descriptor for it.
  bool lacks_descriptors() const {
    return std::ranges::any_of(all_,
                               [](const Attempt& a) { return is_descriptor_shortage(a.error.value()); });
  }
  /// "127.0.0.1: Connection refused, ...", of those that have failed.
  std::string what_failed() const;
  const std::deque<Attempt>& all() const { return all_; }

  asio::steady_timer changed;  ///< is cancelled when an attempt ends
  std::optional<Connected> winner;
  bool one_failed = false;  ///< since this was last reset

 private:
  void finish(Attempt& attempt, error_code error);
  void give_way();
  void return_spare();

  asio::any_io_executor executor_;
  std::shared_ptr<SpareSockets> spare_;
  std::size_t spare_taken_ = 0;
  std::deque<Attempt> all_;  ///< in the order in which they were started
};

void Attempts::start(const tcp::endpoint& address) {
  if (pending() > 0) {
    if (spare_->take())
      ++spare_taken_;
    else
      give_way();
  }
  Attempt& attempt = all_.emplace_back(executor_, address);
  attempt.socket.open(address.protocol(), attempt.error);
  if (is_descriptor_shortage(attempt.error.value()) && pending() > 0) {
    give_way();
    attempt.socket.open(address.protocol(), attempt.error);
  }
  if (attempt.error) {
    one_failed = true;
    return return_spare();
  }
  attempt.pending = true;
  attempt.socket.async_connect(address, [self = shared_from_this(), &attempt](const error_code& error) {
    self->finish(attempt, error);
  });
}

void Attempts::finish(Attempt& attempt, error_code error) {
  if (!attempt.pending) return;
  attempt.pending = false;
  // Without this a request waits for the acknowledgement of the handshake's last message.
  if (!error) attempt.socket.set_option(tcp::no_delay(true), error);
  if (error) {
    attempt.error = error;
    attempt.close();
    one_failed = true;
  } else if (!winner) {
    winner.emplace(Connected{std::move(attempt.socket), attempt.address});
  }
  return_spare();
  changed.cancel();
}

void Attempts::give_way() {
  const auto oldest = std::ranges::find(all_, true, &Attempt::pending);
  if (oldest == all_.end()) return;
  oldest->close();
  oldest->error = asio::error::timed_out;
}

void Attempts::return_spare() {
  const std::size_t sockets = pending() + (winner ? 1 : 0);
  const std::size_t in_use = sockets > 0 ? sockets - 1 : 0;
  if (spare_taken_ <= in_use) return;
  spare_->give_back(spare_taken_ - in_use);
  spare_taken_ = in_use;
}

void Attempts::end() {
  for (Attempt& attempt : all_) attempt.close();
  winner.reset();
  return_spare();
}

bool Attempts::is_news_on_the_way() {
  std::vector<pollfd> sockets;
  for (Attempt& attempt : all_)
    if (attempt.pending)
      sockets.push_back({.fd = attempt.socket.native_handle(), .events = POLLOUT, .revents = 0});
  return ::poll(sockets.data(), sockets.size(), 0) > 0;
}

std::string Attempts::what_failed() const {
  std::string text;
  std::size_t named = 0;
  for (const Attempt& attempt : all_) {
    if (!attempt.error) continue;
    if (++named > kMostNamed) return text + ", ...";
    text +=
        (text.empty() ? "" : ", ") + attempt.address.address().to_string() + ": " + attempt.error.message();
  }
  return text;
}

/// Closes the losers, also when the coroutine is cancelled.
class Ending {
 public:
  explicit Ending(Attempts& attempts) : attempts_(attempts) {}
  Ending(const Ending&) = delete;
  Ending& operator=(const Ending&) = delete;
  ~Ending() { attempts_.end(); }

 private:
  Attempts& attempts_;
};

Failure nothing_connected(const Attempts& attempts, const std::string& name) {
  if (attempts.lacks_descriptors())
    return {FailureKind::out_of_descriptors,
            name + ": no file descriptor is left for a connection (" + attempts.what_failed() + ")"};
  if (attempts.all().size() == 1) {
    const Attempt& only = attempts.all().front();
    return {FailureKind::connect_failed,
            name + ": " + only.error.message() + " (" + only.address.address().to_string() + ")"};
  }
  return {FailureKind::connect_failed, name + ": none of " + std::to_string(attempts.all().size()) +
                                           " addresses could be connected (" + attempts.what_failed() + ")"};
}

Failure missed(const Attempts& attempts, const Deadline& deadline, const std::string& name) {
  const std::string failed = attempts.what_failed();
  return deadline.missed(name, failed.empty() ? "connecting" : "connecting; " + failed);
}

}  // namespace

Task<Result<Connected>> connect_to_first(Addresses addresses, Deadline deadline, std::string name,
                                         std::shared_ptr<SpareSockets> spare) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  const auto attempts = std::make_shared<Attempts>(executor, std::move(spare));
  const Ending ending(*attempts);
  error_code ec;
  auto token = asio::redirect_error(asio::use_awaitable, ec);

  SteadyTime now = std::chrono::steady_clock::now();
  const auto fair_part = (deadline.when - now) / static_cast<SteadyTime::rep>(addresses.size());
  const SteadyTime::duration head_start = std::min<SteadyTime::duration>(kHeadStart, fair_part);
  SteadyTime next_start = now;
  std::size_t started = 0;
  for (;;) {
    if (attempts->winner) co_return std::move(*attempts->winner);
    now = std::chrono::steady_clock::now();
    const bool more = started < addresses.size();
    if (!more && attempts->pending() == 0) co_return nothing_connected(*attempts, name);
    if (now >= deadline.when) co_return missed(*attempts, deadline, name);
    if (std::exchange(attempts->one_failed, false)) next_start = now;
    // On a machine that is behind with its work, an answer may lie there unread.
    const bool turn = more && now >= next_start && !attempts->is_news_on_the_way();
    if (turn) {
      attempts->start(addresses[started++]);
      next_start = now + head_start;
      continue;
    }
    attempts->changed.expires_at(more && now < next_start ? std::min(next_start, deadline.when)
                                                          : deadline.when);
    co_await attempts->changed.async_wait(token);
    co_await throw_if_cancelled();
  }
}

}  // namespace couponsync
