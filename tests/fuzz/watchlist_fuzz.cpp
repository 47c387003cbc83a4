// Bytes as an openid file: its openids, or a ConfigurationError that names lines and gives no openid away.
#include "configuration/watchlist.h"
#include "fuzz/fuzz.h"
#include "support/temporary_folder.h"

#include <algorithm>
#include <fstream>
#include <optional>
#include <set>

namespace couponsync::fuzz {
namespace {

using daemon::ConfigurationError;

const std::filesystem::path& file() {
  static const test::TemporaryFolder folder;
  static const std::filesystem::path path = folder.path() / "members.txt";
  return path;
}

/// The rules of the file, in other words than the service's.
struct Expected {
  std::set<std::string> openids;
  std::size_t lines = 0;  ///< with an openid
  std::vector<std::string> bad;
};

bool is_openid(const std::string& text) {
  constexpr const char* kLetters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-";
  return text.size() <= 128 && text.find_first_not_of(kLetters) == std::string::npos;
}

Expected expected(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  Expected result;
  Input input(text);
  while (!input.empty()) {
    std::string line(input.until('\n'));
    line = line.substr(0, line.find('#'));
    while (!line.empty() && std::string_view(" \t\r").find(line.back()) != std::string_view::npos)
      line.pop_back();
    line.erase(0, std::min(line.find_first_not_of(" \t\r"), line.size()));
    if (line.empty()) continue;
    if (!is_openid(line)) {
      result.bad.push_back(std::move(line));
      continue;
    }
    ++result.lines;
    result.openids.insert(std::move(line));
  }
  return result;
}

void check(const ConfigurationError& error, const Expected& file_has) {
  const std::string_view text(error.what());
  require(!text.empty() && !error.problems().empty(), "an error says something");
  constexpr std::size_t kTelling = 24;  // shorter ones may be words of the message
  for (const std::string& line : file_has.bad)
    require(line.size() < kTelling || text.find(line) == std::string_view::npos, "no error quotes a line");
}

void check(const daemon::Watchlist& watchlist, const Expected& file_has) {
  require(file_has.bad.empty(), "a bad line is refused");
  std::set<std::string> listed;
  for (std::size_t i = 0; i < watchlist.listings->size(); ++i)
    listed.emplace(watchlist.listings->openid_of(i));
  require(listed == file_has.openids, "each openid of the file is listed, and no other");
  require(watchlist.listings->size() == listed.size(), "each openid is listed once");
  require(watchlist.repeated == file_has.lines - listed.size(), "what is repeated is counted");
}

void expand(std::string_view text, double max_shrink) {
  daemon::Configuration configuration;
  configuration.mirror.path = file().parent_path() / "mirror.db";
  configuration.sync.max_watchlist_shrink = max_shrink;
  configuration.watchlist.push_back({.appid = "wx1",
                                     .openids = {},
                                     .openid_files = {{file(), ""}},
                                     .product_coupon_id = {},
                                     .stock_id = {},
                                     .coupon_states = {}});
  const Expected file_has = expected(text);
  const bool is_text = text.find('\0') == std::string_view::npos && !text.starts_with("\xFF\xFE") &&
                       !text.starts_with("\xFE\xFF");
  try {
    check(daemon::expand_watchlist(configuration), file_has);
    require(is_text, "what is no text is refused");
  } catch (const ConfigurationError& error) {
    check(error, file_has);
    require(!is_text || file_has.openids.empty() || !file_has.bad.empty(), "a good file is accepted");
  }
}

}  // namespace
}  // namespace couponsync::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace couponsync::fuzz;
  const std::string text = grown(text_of(data, size));
  std::ofstream(file(), std::ios::binary) << text;
  const TimeLimit limit(text.size());
  expand(text, 0.5);
  expand(text, 1);
  return 0;
}
