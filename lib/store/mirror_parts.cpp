#include "store/mirror_parts.h"

#include "store/file_identity.h"

#include <string>

namespace couponsync {

bool is_part_of_mirror(const std::filesystem::path& file, const std::filesystem::path& mirror) {
  const FileAtPath asked = look_at(file);
  if (asked.presence != FileAtPath::Presence::there) return false;
  for (const char* suffix : {"", "-wal", "-shm", ".lock"}) {
    const FileAtPath part = look_at(mirror.string() + suffix);
    if (part.presence == FileAtPath::Presence::there && part.identity == asked.identity) return true;
  }
  return false;
}

}  // namespace couponsync
