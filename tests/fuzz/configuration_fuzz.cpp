// Bytes as the configuration file: a Configuration, or a ConfigurationError that says why.
#include "configuration/configuration.h"
#include "configuration/configuration_changes.h"
#include "fuzz/fuzz.h"
#include "support/temporary_folder.h"

#include <fstream>
#include <optional>

namespace couponsync::fuzz {
namespace {

using daemon::Configuration;
using daemon::ConfigurationError;

const std::filesystem::path& file() {
  static const test::TemporaryFolder folder;
  static const std::filesystem::path path = folder.path() / "couponsyncd.json";
  return path;
}

void check(const ConfigurationError& error) {
  require(*error.what() != '\0' && !error.problems().empty(), "an error says something");
  for (const daemon::ConfigurationProblem& problem : error.problems()) {
    require(!problem.message.empty(), "a problem says what is wrong");
    require(problem.pointer.empty() || problem.pointer.front() == '/', "a place is a JSON pointer");
    require(!problem.passing, "what is wrong in a file does not pass");
  }
}

void check(const Configuration& loaded) {
  require(!loaded.brand_id.empty() && !loaded.watchlist.empty(), "what is required is there");
  require(loaded.mirror.path.is_absolute() && loaded.credentials.private_key_file.is_absolute() &&
              loaded.credentials.wechatpay_public_key_file.is_absolute(),
          "paths are absolute");
  require(loaded.api.page_size >= 1 && loaded.api.page_size <= 50, "a page has 1 to 50 coupons");
  require(loaded.api.connect_timeout.count() > 0 && loaded.api.request_timeout.count() > 0,
          "timeouts are more than 0");
  require(loaded.api.max_response_bytes > 0 && loaded.sync.concurrency >= 1, "there is room for a reply");
  require(loaded.sync.interval.count() > 0, "an interval is more than 0");
  require(loaded.rate.max_requests_per_second > 0 && loaded.rate.start_requests_per_second > 0,
          "a rate is more than 0");
  require(loaded.rate.share > 0 && loaded.rate.share <= 1, "a share is one");
  for (const daemon::WatchGroup& group : loaded.watchlist) {
    require(!group.appid.empty(), "a group has an appid");
    for (const std::string& openid : group.openids) require(!openid.empty(), "an openid is not empty");
  }
}

std::optional<Configuration> load() {
  try {
    return daemon::load_configuration(file());
  } catch (const ConfigurationError& error) {
    check(error);
    return std::nullopt;
  }
}

}  // namespace
}  // namespace couponsync::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace couponsync::fuzz;
  setenv("CREDENTIALS_DIRECTORY", "/run/credentials/couponsyncd", 1);
  const std::string text = grown(text_of(data, size));
  std::ofstream(file(), std::ios::binary) << text;
  const TimeLimit limit(text.size());
  const auto loaded = load();
  if (!loaded) return 0;
  check(*loaded);
  const auto again = load();
  require(again && couponsync::daemon::changed_settings(*loaded, *again).empty(),
          "the same file changes nothing");
  return 0;
}
