#include "configuration/file_pattern.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <fnmatch.h>
#include <string_view>
#include <sys/stat.h>
#include <system_error>

namespace couponsync::daemon {
namespace {

namespace fs = std::filesystem;

bool matches(const std::string& part, const std::string& name) {
  return fnmatch(part.c_str(), name.c_str(), FNM_PERIOD) == 0;
}

/// Something is there, or it cannot be told: who opens it will see.
bool may_exist(const fs::path& path) {
  struct stat ignored{};
  return lstat(path.c_str(), &ignored) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

std::vector<std::string> parts_of(std::string_view pattern) {
  std::vector<std::string> parts;
  while (!pattern.empty()) {
    const std::size_t end = std::min(pattern.find('/'), pattern.size());
    const std::string_view part = pattern.substr(0, end);
    if (!part.empty() && part != ".") parts.emplace_back(part);
    pattern.remove_prefix(std::min(end + 1, pattern.size()));
  }
  return parts;
}

class Walk {
 public:
  explicit Walk(std::vector<std::string> parts) : parts_(std::move(parts)) {}

  void descend(const fs::path& folder, std::size_t depth);
  MatchedFiles take() { return std::move(found_); }

 private:
  bool is_pattern(const fs::path& folder, const std::string& part) const;
  std::vector<std::string> names_in(const fs::path& folder, const std::string& part);

  std::vector<std::string> parts_;
  MatchedFiles found_;
};

void Walk::descend(const fs::path& folder, std::size_t depth) {
  if (depth == parts_.size()) {
    if (may_exist(folder)) found_.files.push_back(folder);
    return;
  }
  const std::string& part = parts_[depth];
  if (!is_pattern(folder, part)) return descend(folder / part, depth + 1);
  for (const std::string& name : names_in(folder, part)) descend(folder / name, depth + 1);
}

bool Walk::is_pattern(const fs::path& folder, const std::string& part) const {
  if (part.find_first_of("*?[\\") == std::string::npos) return false;
  return matches(part, part) || !may_exist(folder / part);
}

std::vector<std::string> Walk::names_in(const fs::path& folder, const std::string& part) {
  std::vector<std::string> names;
  std::error_code error;
  fs::directory_iterator entries(folder, error);
  for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
    std::string name = entries->path().filename().string();
    if (matches(part, name)) names.push_back(std::move(name));
  }
  const bool is_no_folder =
      error == std::errc::no_such_file_or_directory || error == std::errc::not_a_directory;
  if (error && !is_no_folder)
    found_.problems.push_back(
        fmt::format("{}: cannot be looked through: {}", folder.string(), error.message()));
  std::ranges::sort(names);
  return names;
}

}  // namespace

MatchedFiles matching_files(const FilePattern& pattern) {
  Walk walk(parts_of(pattern.pattern));
  walk.descend(pattern.folder, 0);
  return walk.take();
}

}  // namespace couponsync::daemon
