#pragma once

#include "base/digest.h"

#include <boost/json/object.hpp>

#include <span>
#include <string_view>

/// Inside the decoder.
namespace couponsync {

/// The same for the same content, however it is written: order of members, white space and nulls do not
/// count. The members of these names are left out.
Digest content_hash(const boost::json::object& object, std::span<const std::string_view> left_out = {},
                    std::string_view added = {});

}  // namespace couponsync
