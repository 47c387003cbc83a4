#pragma once

#include "configuration/configuration.h"
#include "store/mirror.h"

namespace couponsync::daemon {

inline MirrorOptions mirror_options(const Configuration& configuration) {
  return {configuration.mirror.path, configuration.mirror.durability, configuration.brand_id};
}

}  // namespace couponsync::daemon
