#pragma once

#include "configuration/watchlist.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace couponsync::daemon {

/// What a watchlist that was read again lost by its files and not by somebody's will: an export that was cut
/// off, or that found nobody, must not end the reading of everybody. A file is at fault if more than `most`
/// of the openids that it gave before are gone from it and are nowhere else in the new watchlist; so is a
/// pattern for the files that it does not match any more. Up to kFewOpenids are not worth a word: they are
/// taken out by hand. What the configuration itself does not name any more is not looked at. Throws
/// ConfigurationError with each of them.
void refuse_shrunken_files(std::span<const OpenidFile> before, const Watchlist& now, double most);

/// The same where nothing is known of the files but how many listings the mirror watched before: what to tell
/// a person at a start, which may well be meant; "" if all is well.
std::string shrunken_since(std::int64_t watched_before, std::size_t listings_now, double most);

inline constexpr std::size_t kFewOpenids = 20;

}  // namespace couponsync::daemon
