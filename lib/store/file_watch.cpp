#include "store/file_watch.h"

#include <algorithm>
#include <utility>

namespace couponsync {

void FileWatch::add(MirrorPart part, std::filesystem::path path, FileIdentity identity) {
  files_.push_back({part, std::move(path), identity});
}

void FileWatch::add(MirrorPart part, std::filesystem::path path) {
  const FileIdentity identity = look_at(path).identity;
  add(part, std::move(path), identity);
}

std::vector<FileLoss> FileWatch::look() const {
  std::vector<FileLoss> losses;
  for (const Watched& file : files_) {
    const FileAtPath found = look_at(file.path);
    if (found.presence == FileAtPath::Presence::gone)
      losses.push_back({file.part});
    else if (found.presence == FileAtPath::Presence::there && found.identity != file.identity)
      losses.push_back({file.part, true, found.size});
  }
  return losses;
}

const std::filesystem::path& FileWatch::path_of(MirrorPart part) const {
  return std::ranges::find(files_, part, &Watched::part)->path;
}

}  // namespace couponsync
