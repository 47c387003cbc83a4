#pragma once

#include "base/listing_set.h"
#include "configuration/configuration.h"

#include <string>
#include <vector>

namespace couponsync::daemon {

/// What a reload changes, a few words each, such as "sync.interval 15m -> 5m". Of credentials and keys it
/// says only that they changed.
std::vector<std::string> changed_settings(const Configuration& before, const Configuration& now);

/// "12 openids added, 3 removed (24 listings added, 6 removed)", or nothing if the listings are the same.
std::string changed_listings(const ListingSet& before, const ListingSet& now);

/// Sets back in `now` what cannot change while the service runs: the mirror, of which it is the one writer.
/// What it set back, in the words of `changed_settings`. Throws ConfigurationError if the brand is another
/// one, which the mirror is not for.
std::vector<std::string> keep_fixed_settings(const Configuration& before, Configuration& now);

}  // namespace couponsync::daemon
