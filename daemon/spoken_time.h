#pragma once

#include "base/time.h"

#include <string>

namespace couponsync::daemon {

/// "14:03:05", of this machine's time zone: for what is less than a day away.
std::string spoken_time(UnixSeconds when);

}  // namespace couponsync::daemon
