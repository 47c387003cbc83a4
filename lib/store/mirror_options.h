#pragma once

#include <filesystem>
#include <string>

namespace couponsync {

/// `full`: a committed page survives a power cut. `normal`: it survives a crash of the process or a kill.
enum class Durability { full, normal };

struct MirrorOptions {
  std::filesystem::path path;
  Durability durability = Durability::full;
  std::string brand_id{};  ///< the mirror's, for good; empty: whoever's it is
};

}  // namespace couponsync
