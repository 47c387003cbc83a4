#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace couponsync::daemon {

/// A pattern of file names (glob(7)) below a folder. The folder is taken as it is, whatever characters its
/// name has; so is each part of the pattern, if there is something of that very name which the part, read as
/// a pattern, would not match: "members[1].txt" is that file if it is there, else "members1.txt".
struct FilePattern {
  std::filesystem::path folder;
  std::string pattern;  ///< empty: `folder` is the one file that is meant

  /// As it was written, for messages.
  std::filesystem::path path() const { return pattern.empty() ? folder : folder / pattern; }
};

struct MatchedFiles {
  std::vector<std::filesystem::path> files;  ///< in the order of their names, folder by folder
  std::vector<std::string> problems;         ///< each folder that could not be looked through, and why
};

/// Every file that there is; one that cannot be looked at is among them, so that reading it tells why.
MatchedFiles matching_files(const FilePattern& pattern);

}  // namespace couponsync::daemon
