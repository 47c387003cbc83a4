#pragma once

#include "store/writer.h"

#include <functional>
#include <optional>
#include <vector>

namespace couponsync {

/// Makes `keys` the watched listings, a part of them in each transaction, so that a stop, or what `abandon`
/// tells, comes in between even if there are a million of them. What is left undone then is done by the next
/// take-over: until its end nothing stops being watched. Gives where each listing stands, in the order of
/// `keys`, or nothing if it was abandoned. Cancellable between two parts. On the io thread; what it is given
/// by reference outlives it.
Task<Result<std::optional<std::vector<ListingState>>>> take_over(Writer& writer,
                                                                 const std::vector<ListingKey>& keys,
                                                                 const std::function<bool()>& abandon);

}  // namespace couponsync
