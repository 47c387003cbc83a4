#pragma once

#include "net/address_lookup.h"

#include <atomic>
#include <future>
#include <memory>
#include <utility>

namespace couponsync::test {

/// A name look-up that hangs until the test lets it go.
class BlockedLookup {
 public:
  BlockedLookup() : state_(std::make_shared<State>()) {}
  ~BlockedLookup() { release(); }
  BlockedLookup(const BlockedLookup&) = delete;
  BlockedLookup& operator=(const BlockedLookup&) = delete;

  LookupFunction function() const {
    return [state = state_](const HttpsEndpoint&) -> Result<Addresses> {
      if (state->calls++ == 0) state->entered.set_value();
      state->let_go.wait();
      return Addresses{{boost::asio::ip::address_v4::loopback(), 7}};
    };
  }

  void wait_until_called() { state_->entered.get_future().wait(); }
  int calls() const { return state_->calls; }
  void release() {
    if (std::exchange(released_, true)) return;
    state_->release.set_value();
  }
  /// Returns once no thread and no AddressLookup has the function any more.
  void wait_until_dropped() {
    std::future<void> dropped = state_->dropped.get_future();
    state_.reset();
    dropped.wait();
  }

 private:
  struct State {
    std::atomic<int> calls = 0;
    std::promise<void> entered;
    std::promise<void> release;
    std::shared_future<void> let_go = release.get_future().share();
    std::promise<void> dropped;
    ~State() { dropped.set_value(); }
  };

  std::shared_ptr<State> state_;
  bool released_ = false;
};

}  // namespace couponsync::test
