#pragma once

#include <string>
#include <string_view>

namespace couponsync {

/// Percent-encodes every byte outside RFC 3986's unreserved set, with upper-case digits: right for a path
/// segment and for a query value alike.
std::string percent_encode(std::string_view text);

}  // namespace couponsync
