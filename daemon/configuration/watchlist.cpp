#include "configuration/watchlist.h"

#include "configuration/mirror_files.h"
#include "configuration/text_file.h"
#include "configuration/value_rules.h"

#include <fmt/format.h>

#include <glob.h>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>

namespace couponsync::daemon {
namespace {

constexpr std::size_t kMaxFileBytes = std::size_t{1} << 30U;
/// A file of another kind would be wrong in every line.
constexpr std::size_t kShownPerFile = 20;

class Glob {
 public:
  explicit Glob(const std::filesystem::path& pattern)
      : result_(glob(pattern.c_str(), 0, nullptr, &matches_)) {}
  Glob(const Glob&) = delete;
  Glob& operator=(const Glob&) = delete;
  ~Glob() { globfree(&matches_); }

  std::vector<std::filesystem::path> files() const {
    if (result_ != 0) return {};
    return {matches_.gl_pathv, matches_.gl_pathv + matches_.gl_pathc};
  }

 private:
  glob_t matches_{};
  int result_;
};

std::string_view trimmed(std::string_view line) {
  line = line.substr(0, line.find('#'));
  const std::size_t begin = line.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return {};
  return line.substr(begin, line.find_last_not_of(" \t\r") - begin + 1);
}

class Expander {
 public:
  Watchlist expand(const Configuration& configuration);

 private:
  void expand_group(const WatchGroup& group, const std::string& pointer);
  void read_file(const std::filesystem::path& file, const std::string& pointer,
                 std::vector<std::string>& openids);
  void add(const WatchGroup& group, const std::string& openid, const std::string& state);

  std::filesystem::path mirror_;
  Watchlist result_;
  std::set<ListingKey> seen_;
  std::unordered_set<std::string> openids_;
  std::vector<ConfigurationProblem> problems_;
};

Watchlist Expander::expand(const Configuration& configuration) {
  mirror_ = configuration.mirror.path;
  for (std::size_t i = 0; i < configuration.watchlist.size(); ++i)
    expand_group(configuration.watchlist[i], "/watchlist/" + std::to_string(i));
  if (problems_.empty() && result_.listings.empty())
    problems_.push_back({"/watchlist", "names no openid at all, there is nothing to read"});
  if (!problems_.empty()) throw ConfigurationError(std::move(problems_));
  result_.openids = openids_.size();
  return std::move(result_);
}

void Expander::expand_group(const WatchGroup& group, const std::string& pointer) {
  std::vector<std::string> openids = group.openids;
  for (std::size_t i = 0; i < group.openid_files.size(); ++i) {
    const std::string place = pointer + "/openid_files/" + std::to_string(i);
    const std::vector<std::filesystem::path> files = Glob(group.openid_files[i]).files();
    if (files.empty())
      problems_.push_back({place, fmt::format("{}: no such file", group.openid_files[i].string())});
    for (const std::filesystem::path& file : files) read_file(file, place, openids);
  }
  // All users of one state before the next state, so that a user's listings are read one after the other:
  // what one of them no longer shows is missing once a later one does not show it either.
  const std::vector<std::string> every_state{""};
  for (const std::string& state : group.coupon_states.empty() ? every_state : group.coupon_states)
    for (const std::string& openid : openids) add(group, openid, state);
}

void Expander::read_file(const std::filesystem::path& file, const std::string& pointer,
                         std::vector<std::string>& openids) {
  std::string content;
  try {
    require_no_mirror_file(file, mirror_, pointer);
    content = read_text_file(file, kMaxFileBytes, pointer);
  } catch (const ConfigurationError& error) {
    problems_.insert(problems_.end(), error.problems().begin(), error.problems().end());
    return;
  }
  std::string_view rest = without_byte_order_mark(content);
  std::size_t bad = 0;
  for (std::size_t number = 1; !rest.empty(); ++number) {
    const std::size_t end = rest.find('\n');
    const std::string_view openid = trimmed(rest.substr(0, end));
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    if (openid.empty()) continue;
    if (is_identifier(openid)) {
      openids.emplace_back(openid);
    } else if (++bad <= kShownPerFile) {
      problems_.push_back({pointer, fmt::format("{}:{}: not an openid, allowed is {} (the line has {} bytes)",
                                                file.string(), number, kIdentifierAllowed, openid.size())});
    }
  }
  if (bad > kShownPerFile)
    problems_.push_back(
        {pointer, fmt::format("{}: and {} more bad lines", file.string(), bad - kShownPerFile)});
}

void Expander::add(const WatchGroup& group, const std::string& openid, const std::string& state) {
  openids_.insert(group.appid + " " + openid);
  const ListingKey key{group.appid, Openid(openid), group.product_coupon_id, group.stock_id, state};
  if (seen_.insert(key).second)
    result_.listings.push_back(key);
  else
    ++result_.repeated;
}

}  // namespace

Watchlist expand_watchlist(const Configuration& configuration) { return Expander().expand(configuration); }

}  // namespace couponsync::daemon
