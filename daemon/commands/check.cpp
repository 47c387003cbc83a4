#include "base/system_env.h"
#include "commands/commands.h"
#include "configuration/configuration.h"
#include "configuration/watchlist.h"
#include "exit_code.h"
#include "io_loop.h"
#include "mirror_options.h"
#include "session.h"
#include "store/mirror_inspection.h"

#include <fmt/format.h>

#include <iostream>

namespace couponsync::daemon {
namespace {

/// The findings so far; the first problem decides the exit code.
class Report {
 public:
  void ok(const std::string& what) { std::cout << "ok      " << what << "\n"; }
  void failed(ExitCode code, const std::string& what) {
    std::cout << "failed  " << what << "\n";
    if (exit_code_ == kExitOk) exit_code_ = code;
  }
  int exit_code() const { return exit_code_; }

 private:
  int exit_code_ = kExitOk;
};

void check_mirror(const Configuration& configuration, Report& report) {
  const std::string path = configuration.mirror.path.string();
  try {
    const std::optional<MirrorInspection> found = inspect_mirror(configuration.mirror.path);
    if (!found)
      report.ok(fmt::format("mirror {}: not there yet, will be made", path));
    else
      report.ok(fmt::format("mirror {}: schema version {}, {} coupons, undamaged", path,
                            found->schema_version, found->coupons));
  } catch (const MirrorError& error) {
    report.failed(
        error.reason() == MirrorError::Reason::unwritable ? kExitMirrorUnwritable : kExitMirrorRefused,
        error.what());
  }
}

/// One signed request for one page of one coupon to each domain.
Task<bool> check_domains(const Configuration& configuration, Exchange& exchange, const ListingKey& listing,
                         Report& report) {
  std::vector<std::pair<Domain, std::string>> domains{{Domain::primary, configuration.api.primary}};
  if (configuration.api.backup) domains.emplace_back(Domain::backup, *configuration.api.backup);
  const std::optional<std::string> first_page;
  for (const auto& [domain, url] : domains) {
    const Answer answer = co_await exchange.call(domain, listing, first_page);
    if (answer.page.has_value()) {
      report.ok(fmt::format("{} {}: answered, its signature is right (Request-ID {})", name_of(domain), url,
                            answer.page->request_id));
      continue;
    }
    const Failure& failure = answer.page.error();
    const bool refused = failure.rule().remedy == Remedy::stop_sending;
    report.failed(
        refused ? kExitRefused : kExitIncomplete,
        fmt::format("{} {}: {}; {}", name_of(domain), url, describe(failure), failure.rule().advice));
  }
  co_return true;
}

}  // namespace

int run_check(const CheckArguments& arguments) {
  const Configuration configuration = load_configuration(arguments.config);
  Report report;
  report.ok(fmt::format("configuration {}", arguments.config.string()));

  IoLoop loop;
  SystemEnv env;
  ApiAccess access = make_api_access(configuration, env);
  report.ok(fmt::format("keys of brand {}", configuration.brand_id));

  const Watchlist watchlist = expand_watchlist(configuration);
  report.ok(fmt::format("watchlist: {} openids, {} listings, {} listed more than once", watchlist.openids,
                        watchlist.listings.size(), watchlist.repeated));
  check_mirror(configuration, report);
  if (arguments.online)
    loop.run(check_domains(configuration, access.exchange, watchlist.listings.front(), report));
  std::cout << std::flush;
  return report.exit_code();
}

}  // namespace couponsync::daemon
