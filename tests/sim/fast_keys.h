#pragma once

#include <string>
#include <string_view>

namespace couponsync::sim {

/// The signature of every key of this program.
std::string fast_signature(std::string_view text);

}  // namespace couponsync::sim
