#include "configuration/watchlist_shrink.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>

namespace couponsync::daemon {
namespace {

using Marks = std::vector<OpenidMark>;

struct Loss {
  std::string pointer;     ///< of the pattern
  std::size_t before = 0;  ///< openids
  std::size_t lost = 0;    ///< of them
};

bool is_much(const Loss& loss, double most) {
  return loss.lost > kFewOpenids && static_cast<double>(loss.lost) > most * static_cast<double>(loss.before);
}

ConfigurationProblem problem_of(const std::filesystem::path& what, const Loss& loss, double most) {
  return {loss.pointer,
          fmt::format("{}: {} of the {} openids that it gave are gone, and no more than {} of them may be "
                      "(sync.max_watchlist_shrink): if that is meant, allow it there, or restart the service",
                      what.string(), loss.lost, loss.before,
                      static_cast<std::size_t>(most * static_cast<double>(loss.before)))};
}

class Comparison {
 public:
  Comparison(std::span<const OpenidFile> before, const Watchlist& now) : before_(before), now_(now) {
    for (const OpenidFile& file : now_.files) {
      files_.emplace(file.path, &file);
      patterns_.emplace(file.pattern, &file);
    }
  }

  std::vector<ConfigurationProblem> problems(double most);

 private:
  /// What a file gave and does not give any more.
  struct Gone {
    const OpenidFile* before;
    const OpenidFile* now;  ///< null: the file went
    std::string pointer;
    Marks openids;
  };

  std::vector<Gone> all_gone() const;
  /// Which of these are watched no more.
  std::size_t count_lost(const Marks& gone);

  std::span<const OpenidFile> before_;
  const Watchlist& now_;
  std::map<std::filesystem::path, const OpenidFile*> files_;
  std::map<std::filesystem::path, const OpenidFile*> patterns_;
  std::optional<Marks> watched_;  ///< in order
};

std::size_t Comparison::count_lost(const Marks& gone) {
  if (gone.empty()) return 0;
  if (!watched_) {
    watched_.emplace();
    for (std::size_t i = 0; i < now_.listings->size(); ++i)
      watched_->push_back(mark_of(now_.listings->openid_of(i)));
    std::ranges::sort(*watched_);
  }
  return static_cast<std::size_t>(std::ranges::count_if(
      gone, [this](OpenidMark mark) { return !std::ranges::binary_search(*watched_, mark); }));
}

std::vector<Comparison::Gone> Comparison::all_gone() const {
  std::vector<Gone> all;
  for (const OpenidFile& old : before_) {
    const auto same = files_.find(old.path);
    const auto of_pattern = patterns_.find(old.pattern);
    if (same != files_.end()) {
      all.push_back({&old, same->second, same->second->pointer, {}});
      std::ranges::set_difference(old.openids, same->second->openids, std::back_inserter(all.back().openids));
    } else if (of_pattern != patterns_.end()) {
      all.push_back({&old, nullptr, of_pattern->second->pointer, old.openids});
    }
  }
  return all;
}

std::vector<ConfigurationProblem> Comparison::problems(double most) {
  const std::vector<Gone> all = all_gone();
  std::size_t total = 0;
  for (const Gone& gone : all) total += gone.openids.size();
  std::vector<ConfigurationProblem> found;
  if (total <= kFewOpenids) return found;  // and the watchlist, which is large, need not be looked through
  std::map<std::filesystem::path, Loss> by_pattern;
  for (const Gone& gone : all) {
    const Loss loss{
        .pointer = gone.pointer, .before = gone.before->openids.size(), .lost = count_lost(gone.openids)};
    if (gone.now != nullptr && is_much(loss, most)) {
      found.push_back(problem_of(gone.before->path, loss, most));
      continue;
    }
    Loss& together = by_pattern[gone.before->pattern];
    together.pointer = loss.pointer;
    together.before += loss.before;
    together.lost += loss.lost;
  }
  for (const auto& [pattern, loss] : by_pattern)
    if (is_much(loss, most)) found.push_back(problem_of(pattern, loss, most));
  return found;
}

}  // namespace

void refuse_shrunken_files(std::span<const OpenidFile> before, const Watchlist& now, double most) {
  std::vector<ConfigurationProblem> problems = Comparison(before, now).problems(most);
  if (!problems.empty()) throw ConfigurationError(std::move(problems));
}

std::string shrunken_since(std::int64_t watched_before, std::size_t listings_now, double most) {
  const auto before = static_cast<std::size_t>(watched_before);
  const std::size_t lost = before - std::min(before, listings_now);
  if (!is_much({.pointer = "", .before = before, .lost = lost}, most)) return "";
  return fmt::format(
      "the mirror watched {} listings, and the watchlist has {}: if that is not meant, look at the openid "
      "files. What left is not read; its coupons stay, and it goes on when it is on the watchlist again",
      before, listings_now);
}

}  // namespace couponsync::daemon
