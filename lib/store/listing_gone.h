#pragma once

#include <stdexcept>

namespace couponsync {

/// There is no row of that listing: another program has deleted it, or the caller is wrong.
class ListingGone : public std::logic_error {
  using std::logic_error::logic_error;
};

}  // namespace couponsync
