#pragma once

#include "base/listing_set.h"
#include "configuration/configuration.h"

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace couponsync::daemon {

/// Tells openids apart at the price of a number: a hash.
using OpenidMark = std::size_t;
OpenidMark mark_of(std::string_view openid);

/// An openid file as it was read, for the next reading to be compared with.
struct OpenidFile {
  std::filesystem::path pattern;  ///< as the configuration names it
  std::filesystem::path path;
  std::string pointer;              ///< of the pattern
  std::vector<OpenidMark> openids;  ///< each once, in order
};

/// Every listing the configuration asks for, each once, in its order.
struct Watchlist {
  std::shared_ptr<const ListingSet> listings;
  std::size_t repeated = 0;  ///< listings that were asked for again
  std::vector<OpenidFile> files;
};

/// Reads the openid files: one openid a line; blank lines, # comments, CRLF and a byte order mark are fine. A
/// file that several patterns of a group match is read once. Throws ConfigurationError naming each bad line
/// by file and number, each pattern that matches no file, each folder that cannot be looked through, each
/// file without an openid (unless sync.max_watchlist_shrink is 1), and a watchlist that is empty as a whole.
Watchlist expand_watchlist(const Configuration& configuration);

/// The openids of one file in that format, none among them. Throws ConfigurationError in the same way.
std::vector<std::string> read_openids(const std::filesystem::path& file);

/// Users, each once however many listings there are of them, in order; one with two appids is two users.
std::vector<Fingerprint> users_of(const ListingSet& listings);

}  // namespace couponsync::daemon
