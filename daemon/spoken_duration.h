#pragma once

#include <chrono>
#include <string>

namespace couponsync::daemon {

/// "3 d 4 h", "12 min 5 s", "45 min": two units are enough for a person.
std::string spoken(std::chrono::seconds duration);

}  // namespace couponsync::daemon
