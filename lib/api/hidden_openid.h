#pragma once

#include "base/sensitive.h"

#include <string>

namespace couponsync {

/// The text with the openid's redacted name wherever the openid stands, also percent-encoded, or any
/// beginning of it that is long enough to tell users apart: messages quote texts that were cut off.
std::string without_openid(std::string text, const Openid& openid);

}  // namespace couponsync
