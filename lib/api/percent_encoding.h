#pragma once

#include <string>
#include <string_view>

namespace couponsync {

/// Encodes every byte but the unreserved characters of RFC 3986, section 2.3.
std::string percent_encode(std::string_view text);

}  // namespace couponsync
