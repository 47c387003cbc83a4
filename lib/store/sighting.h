#pragma once

#include "base/time.h"

#include <cstdint>

namespace couponsync {

/// A request's place in the order in which requests are sent: greater is later, also over restarts of the
/// process. A reply tells how things were no earlier than its request was sent, whenever the reply came.
using RequestOrder = std::int64_t;

/// When a page was seen.
struct Sighting {
  RequestOrder sent = 0;           ///< of the request for this page
  RequestOrder reading_began = 0;  ///< of the first request of the reading it belongs to
  RequestOrder received = 0;       ///< the next request to be sent when the reply had come
  UnixSeconds observed_at = 0;     ///< when the reply came, by the wall clock
  bool reading_goes_on = false;    ///< with another page; the mirror knows it from the page
};

}  // namespace couponsync
