#pragma once

#include "base/listing.h"
#include "configuration/configuration.h"

#include <cstddef>
#include <vector>

namespace couponsync::daemon {

/// Every listing the configuration asks for, each once, in its order.
struct Watchlist {
  std::vector<ListingKey> listings;
  std::size_t openids = 0;   ///< distinct, over all appids
  std::size_t repeated = 0;  ///< listings that were asked for again
};

/// Reads the openid files: one openid a line; blank lines, # comments, CRLF and a byte order mark are fine.
/// Throws ConfigurationError naming each bad line by file and number, each pattern that matches no file, and
/// a watchlist that is empty as a whole.
Watchlist expand_watchlist(const Configuration& configuration);

}  // namespace couponsync::daemon
