#pragma once

#include "sync/events.h"

#include <string>

namespace couponsync::daemon {

/// That nothing is sent, and until when, for a person; the reason is another matter.
std::string pause_text(const Pause& pause);

}  // namespace couponsync::daemon
