#pragma once

#include "sync/events.h"

#include <array>
#include <optional>
#include <string>
#include <vector>

namespace couponsync::daemon {

/// Whether the service can do its work, told from what happened. On the io thread.
class Readiness final : public Events {
 public:
  /// The service was asked to stop.
  void stopping() { stopping_ = true; }

  /// What holds all calls back for now.
  const std::optional<Pause>& pause(PauseCause cause) const {
    return pauses_[static_cast<std::size_t>(cause)];
  }
  /// The same for a person; empty: nothing does.
  std::string pauses() const;
  bool sending_is_stopped() const { return sending_.has_value(); }
  bool writing_is_stopped() const { return writing_.has_value(); }
  /// What keeps it from working, a line each; none: it works.
  std::vector<std::string> obstacles() const;

  void sending_paused(const Pause& pause) override { pauses_[static_cast<std::size_t>(pause.cause)] = pause; }
  void sending_resumed(const Pause& pause) override {
    pauses_[static_cast<std::size_t>(pause.cause)].reset();
  }
  void sending_stopped(const Failure& why, std::chrono::seconds again_in) override;
  void refusal_over() override { sending_.reset(); }
  void writing_stopped(const Failure& why, std::chrono::seconds again_in) override;
  void writing_resumed() override { writing_.reset(); }

 private:
  bool stopping_ = false;
  std::array<std::optional<Pause>, 2> pauses_;
  std::optional<std::string> sending_;  ///< why it is stopped
  std::optional<std::string> writing_;  ///< the same
};

}  // namespace couponsync::daemon
