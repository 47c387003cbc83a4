#pragma once

#include "base/failure.h"
#include "base/time.h"

#include <chrono>
#include <string>
#include <string_view>

namespace couponsync {

/// A point in time and, for the message when it is missed, what should have come by then and how long was
/// given for it.
struct Deadline {
  SteadyTime when;
  std::string_view awaited;  ///< "connection", "whole reply"
  std::chrono::milliseconds given{};

  /// `host` is host and port; `stage` is what went on meanwhile, such as "reading the reply".
  Failure missed(std::string_view host, std::string_view stage) const {
    const auto count = given.count();
    const std::string time =
        count % 1000 == 0 ? std::to_string(count / 1000) + " s" : std::to_string(count) + " ms";
    std::string detail(host);
    detail.append(": no ").append(awaited).append(" within ").append(time);
    detail.append(" (while ").append(stage).append(")");
    return Failure{FailureKind::timed_out, std::move(detail)};
  }
};

}  // namespace couponsync
