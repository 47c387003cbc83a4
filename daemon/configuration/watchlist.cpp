#include "configuration/watchlist.h"

#include "configuration/mirror_files.h"
#include "configuration/text_file.h"
#include "configuration/value_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace couponsync::daemon {
namespace {

constexpr std::size_t kMaxFileBytes = std::size_t{1} << 30U;
/// A file of another kind would be wrong in every line.
constexpr std::size_t kShownPerFile = 20;

std::string_view trimmed(std::string_view line) {
  line = line.substr(0, line.find('#'));
  const std::size_t begin = line.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return {};
  return line.substr(begin, line.find_last_not_of(" \t\r") - begin + 1);
}

/// What a file is that holds no text; "" if it does.
std::string wrong_kind(std::string_view content) {
  if (content.starts_with("\xFF\xFE") || content.starts_with("\xFE\xFF")) return ":1: this is UTF-16";
  const std::size_t nul = content.find('\0');
  if (nul == std::string_view::npos) return "";
  return fmt::format(":{}: there is a NUL byte, as in UTF-16 or after a crash",
                     std::ranges::count(content.substr(0, nul), '\n') + 1);
}

/// Calls `use` for each openid; every bad line is a problem at `pointer`.
template <class Use>
std::vector<ConfigurationProblem> for_each_openid(std::string_view text, const std::filesystem::path& path,
                                                  const std::string& pointer, Use use) {
  std::vector<ConfigurationProblem> problems;
  std::size_t bad = 0;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    const std::string_view openid = trimmed(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (openid.empty()) continue;
    if (is_identifier(openid)) {
      use(openid);
    } else if (++bad <= kShownPerFile) {
      problems.push_back({pointer, fmt::format("{}:{}: not an openid, allowed is {} (the line has {} bytes)",
                                               path.string(), number, kIdentifierAllowed, openid.size())});
    }
  }
  if (bad > kShownPerFile)
    problems.push_back(
        {pointer, fmt::format("{}: and {} more bad lines", path.string(), bad - kShownPerFile)});
  return problems;
}

/// Throws ConfigurationError if it is no text.
void require_text(std::string_view content, const std::filesystem::path& path, const std::string& pointer) {
  if (const std::string wrong = wrong_kind(content); !wrong.empty())
    throw ConfigurationError(
        pointer, fmt::format("{}{}, allowed is plain text of one openid a line", path.string(), wrong));
}

/// Their places in the listing set.
using Openids = std::vector<std::size_t>;

class Expander {
 public:
  explicit Expander(const Configuration& configuration)
      : configuration_(configuration), may_be_empty_(configuration.sync.max_watchlist_shrink >= 1) {}
  Watchlist expand();

 private:
  void expand_group(const WatchGroup& group, const std::string& pointer);
  void read_files(const FilePattern& pattern, const std::string& pointer, Openids& openids);
  void read_file(OpenidFile file, Openids& openids);

  const Configuration& configuration_;
  bool may_be_empty_;
  std::set<std::filesystem::path> read_;  ///< by the group at hand
  Watchlist result_;
  ListingSet listings_;
  std::vector<ConfigurationProblem> problems_;
};

Watchlist Expander::expand() {
  for (std::size_t i = 0; i < configuration_.watchlist.size(); ++i)
    expand_group(configuration_.watchlist[i], "/watchlist/" + std::to_string(i));
  if (problems_.empty() && listings_.empty())
    problems_.push_back({"/watchlist", "names no openid at all, there is nothing to read"});
  if (!problems_.empty()) throw ConfigurationError(std::move(problems_));
  result_.repeated = listings_.seal();
  result_.listings = std::make_shared<const ListingSet>(std::move(listings_));
  return std::move(result_);
}

void Expander::expand_group(const WatchGroup& group, const std::string& pointer) {
  Openids openids;
  for (const std::string& openid : group.openids) openids.push_back(listings_.add_openid(openid));
  read_.clear();
  for (std::size_t i = 0; i < group.openid_files.size(); ++i)
    read_files(group.openid_files[i], pointer + "/openid_files/" + std::to_string(i), openids);
  const std::vector<std::string> every_state{""};
  for (const std::string& state : group.coupon_states.empty() ? every_state : group.coupon_states) {
    const std::size_t filter =
        listings_.add_filter(group.appid, group.product_coupon_id, group.stock_id, state);
    for (const std::size_t openid : openids) listings_.add(filter, openid);
  }
}

void Expander::read_files(const FilePattern& pattern, const std::string& pointer, Openids& openids) {
  const MatchedFiles matched = matching_files(pattern);
  for (const std::string& problem : matched.problems) problems_.push_back({pointer, problem});
  if (matched.files.empty() && matched.problems.empty())
    problems_.push_back({pointer, fmt::format("{}: no such file", pattern.path().string())});
  for (const std::filesystem::path& file : matched.files)
    if (read_.insert(file).second)
      read_file({.pattern = pattern.path(), .path = file, .pointer = pointer, .openids = {}}, openids);
}

void Expander::read_file(OpenidFile file, Openids& openids) {
  std::string content;
  try {
    require_no_mirror_file(file.path, configuration_.mirror.path, file.pointer);
    content = read_text_file(file.path, kMaxFileBytes, file.pointer);
    require_text(content, file.path, file.pointer);
  } catch (const ConfigurationError& error) {
    problems_.insert(problems_.end(), error.problems().begin(), error.problems().end());
    return;
  }
  const std::vector<ConfigurationProblem> bad_lines = for_each_openid(
      without_byte_order_mark(content), file.path, file.pointer, [&](std::string_view openid) {
        openids.push_back(listings_.add_openid(openid));
        file.openids.push_back(mark_of(openid));
      });
  if (!bad_lines.empty()) {
    problems_.insert(problems_.end(), bad_lines.begin(), bad_lines.end());
    return;
  }
  std::ranges::sort(file.openids);
  file.openids.erase(std::unique(file.openids.begin(), file.openids.end()), file.openids.end());
  if (file.openids.empty() && !may_be_empty_)
    problems_.push_back(
        {file.pointer, fmt::format("{}: has no openid, as a file that was cut off or is not "
                                   "written yet; if it may, set sync.max_watchlist_shrink to 1",
                                   file.path.string())});
  result_.files.push_back(std::move(file));
}

}  // namespace

OpenidMark mark_of(std::string_view openid) { return std::hash<std::string_view>()(openid); }

Watchlist expand_watchlist(const Configuration& configuration) { return Expander(configuration).expand(); }

std::vector<std::string> read_openids(const std::filesystem::path& file) {
  const std::string content = read_text_file(file, kMaxFileBytes, "");
  require_text(content, file, "");
  std::vector<std::string> openids;
  std::vector<ConfigurationProblem> bad_lines =
      for_each_openid(without_byte_order_mark(content), file, "",
                      [&](std::string_view openid) { openids.emplace_back(openid); });
  if (!bad_lines.empty()) throw ConfigurationError(std::move(bad_lines));
  return openids;
}

std::vector<Fingerprint> users_of(const ListingSet& listings) {
  std::vector<Fingerprint> users;
  users.reserve(listings.size());
  for (std::size_t i = 0; i < listings.size(); ++i) users.push_back(listings.user_of(i));
  std::ranges::sort(users);
  users.erase(std::unique(users.begin(), users.end()), users.end());
  return users;
}

}  // namespace couponsync::daemon
