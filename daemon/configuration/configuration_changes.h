#pragma once

#include "base/listing.h"
#include "configuration/configuration.h"

#include <span>
#include <string>
#include <vector>

namespace couponsync::daemon {

/// What a reload changes, a few words each, such as "sync.interval 15m -> 5m". Of credentials and keys it
/// says only that they changed.
std::vector<std::string> changed_settings(const Configuration& before, const Configuration& now);

/// "12 listings added, 3 removed", or nothing if they are the same.
std::string changed_listings(std::span<const ListingKey> before, std::span<const ListingKey> now);

}  // namespace couponsync::daemon
