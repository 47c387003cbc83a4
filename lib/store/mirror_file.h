#pragma once

#include <filesystem>

/// Inside the store: the mirror as a file, before SQLite sees it.
namespace couponsync {

/// The absolute path without symbolic links, so that a mirror has one lock file whatever it is called by.
/// Throws MirrorError.
std::filesystem::path resolve_mirror_path(const std::filesystem::path& path);

/// Sees by its header that an existing file may be ours. Throws MirrorError.
void check_mirror_file(const std::filesystem::path& path);

/// Makes the file, empty and with mode 0640 (SQLite gives -wal and -shm the mode it finds), or sees by its
/// header that it may be ours. Nothing of a file that is not ours is touched. Called with the writer lock
/// held. Throws MirrorError.
void prepare_mirror_file(const std::filesystem::path& path);

}  // namespace couponsync
