#include "sandbox/life.h"

#include <array>

namespace couponsync::sandbox {
namespace {

/// By how often each happens.
constexpr std::array<const char*, 10> kOperations{"add", "add", "add", "add",    "use",
                                                  "use", "use", "use", "return", "delete"};

}  // namespace

Life::Life(boost::asio::io_context& context, Data& data, double changes_per_second)
    : data_(data), changes_per_second_(changes_per_second), next_(context) {
  go_on();
}

void Life::go_on() {
  const std::chrono::duration<double> pause(
      std::exponential_distribution<double>(changes_per_second_)(random_));
  next_.expires_after(std::chrono::duration_cast<std::chrono::steady_clock::duration>(pause));
  next_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    std::vector<User>& users = data_.users();
    if (!users.empty()) {
      User& user = users[std::uniform_int_distribution<std::size_t>(0, users.size() - 1)(random_)];
      const std::size_t op = std::uniform_int_distribution<std::size_t>(0, kOperations.size() - 1)(random_);
      data_.mutate(user, kOperations.at(op), 1);
    }
    go_on();
  });
}

}  // namespace couponsync::sandbox
