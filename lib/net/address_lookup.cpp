#include "net/address_lookup.h"

#include "base/descriptors.h"
#include "net/cancellation.h"

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <mutex>
#include <netdb.h>
#include <optional>
#include <system_error>
#include <thread>

namespace couponsync {

namespace asio = boost::asio;

/// One look-up, owned by its thread and by those who wait for it.
struct AddressLookup::Running {
  std::mutex mutex;
  std::optional<asio::any_io_executor> executor;  ///< under the mutex; none once the AddressLookup is gone

  // On the io thread.
  std::optional<Result<Addresses>> outcome;
  std::vector<asio::steady_timer*> waiting;

  void finish(Result<Addresses> found) {
    outcome = std::move(found);
    for (asio::steady_timer* timer : waiting) timer->cancel();
  }
};

namespace {

Failure failed(const HttpsEndpoint& endpoint, const std::string& reason) {
  return Failure{FailureKind::resolve_failed, name_of(endpoint) + ": the name was not resolved: " + reason};
}

/// The thread's whole work.
template <class Running>
void look_up(const std::shared_ptr<Running>& running, const LookupFunction& lookup,
             const HttpsEndpoint& endpoint) {
  Result<Addresses> found = lookup(endpoint);
  const std::lock_guard lock(running->mutex);
  if (!running->executor) return;
  asio::post(*running->executor,
             [running, found = std::move(found)]() mutable { running->finish(std::move(found)); });
}

/// Is woken by the look-up for as long as it lives.
template <class Running>
class Waiter {
 public:
  Waiter(Running& running, asio::steady_timer& timer) : running_(running), timer_(timer) {
    running_.waiting.push_back(&timer_);
  }
  ~Waiter() { std::erase(running_.waiting, &timer_); }
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

 private:
  Running& running_;
  asio::steady_timer& timer_;
};

Addresses literal(const HttpsEndpoint& endpoint) {
  unsigned short port = 0;
  std::from_chars(endpoint.port.data(), endpoint.port.data() + endpoint.port.size(), port);
  return {{asio::ip::make_address(endpoint.host), port}};
}

}  // namespace

Result<Addresses> system_lookup(const HttpsEndpoint& endpoint) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV | AI_ADDRCONFIG;
  addrinfo* list = nullptr;
  errno = 0;
  const int code = getaddrinfo(endpoint.host.c_str(), endpoint.port.c_str(), &hints, &list);
  const int error = errno;
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(list, freeaddrinfo);
  // A resolver that can open neither its files nor a socket says "temporary failure" or "no such name".
  if (code != 0 && (is_descriptor_shortage(error) || no_descriptor_is_left()))
    return Failure{FailureKind::out_of_descriptors,
                   name_of(endpoint) + ": no file descriptor is left to resolve the name"};
  if (code == EAI_SYSTEM) return failed(endpoint, std::system_category().message(error));
  if (code != 0) return failed(endpoint, gai_strerror(code));
  Addresses addresses;
  for (const addrinfo* one = list; one != nullptr; one = one->ai_next) {
    asio::ip::tcp::endpoint& address = addresses.emplace_back();
    if (one->ai_addrlen > address.capacity()) {
      addresses.pop_back();
      continue;
    }
    std::memcpy(address.data(), one->ai_addr, one->ai_addrlen);
    address.resize(one->ai_addrlen);
  }
  if (addresses.empty()) return failed(endpoint, "it has no address");
  return addresses;
}

AddressLookup::AddressLookup(HttpsEndpoint endpoint, LookupFunction lookup)
    : endpoint_(std::move(endpoint)), lookup_(std::move(lookup)) {}

AddressLookup::~AddressLookup() {
  if (!running_) return;
  const std::lock_guard lock(running_->mutex);
  running_->executor.reset();
}

Result<std::shared_ptr<AddressLookup::Running>> AddressLookup::join(const asio::any_io_executor& executor) {
  if (running_ && !running_->outcome) return running_;
  auto running = std::make_shared<Running>();
  running->executor = executor;
  try {
    std::thread(look_up<Running>, running, lookup_, endpoint_).detach();
  } catch (const std::system_error& error) {
    return failed(endpoint_, std::string("no thread for it: ") + error.what());
  }
  running_ = running;
  return running;
}

Task<Result<Addresses>> AddressLookup::find(Deadline deadline) {
  if (is_address(endpoint_)) co_return literal(endpoint_);
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  const Result<std::shared_ptr<Running>> joined = join(executor);
  if (!joined) co_return joined.error();
  const std::shared_ptr<Running>& running = *joined;

  asio::steady_timer timer(executor, deadline.when);
  const Waiter waiter(*running, timer);
  boost::system::error_code ec;
  auto token = asio::redirect_error(asio::use_awaitable, ec);
  co_await timer.async_wait(token);
  co_await throw_if_cancelled();
  if (!running->outcome) co_return deadline.missed(name_of(endpoint_), "looking up the name");
  co_return *running->outcome;
}

}  // namespace couponsync
