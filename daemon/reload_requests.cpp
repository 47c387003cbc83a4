#include "reload_requests.h"

#include <boost/asio/post.hpp>

#include <utility>

namespace couponsync::daemon {

ReloadRequests::ReloadRequests(boost::asio::any_io_executor executor, std::function<void()> reload)
    : executor_(std::move(executor)), state_(std::make_shared<State>(State{.reload = std::move(reload)})) {}

void ReloadRequests::ask() {
  if (!state_) return;
  ++state_->asked;
  if (!state_->under_way && !std::exchange(state_->on_its_way, true)) look_again(executor_, state_, 0);
}

void ReloadRequests::finished() {
  if (!state_) return;
  state_->under_way = false;
  if (state_->asked != state_->taken_up && !std::exchange(state_->on_its_way, true))
    look_again(executor_, state_, 0);
}

void ReloadRequests::stop() { state_.reset(); }

/// Signals come in one by one, each behind what was waiting: a turn of the loop without another request means
/// that there is none.
void ReloadRequests::look_again(const boost::asio::any_io_executor& executor,
                                const std::weak_ptr<State>& weak, std::uint64_t asked_before) {
  boost::asio::post(executor, [executor, weak, asked_before] {
    const std::shared_ptr<State> state = weak.lock();
    if (!state) return;
    if (state->asked != asked_before) return look_again(executor, state, state->asked);
    state->on_its_way = false;
    state->under_way = true;
    state->taken_up = state->asked;
    state->reload();
  });
}

}  // namespace couponsync::daemon
