#include "api_access.h"
#include "base/system_env.h"
#include "commands/commands.h"
#include "configuration/configuration.h"
#include "configuration/duration.h"
#include "configuration/watchlist.h"
#include "descriptor_limit.h"
#include "exit_code.h"
#include "io_loop.h"
#include "mirror_options.h"
#include "net/endpoint.h"
#include "results.h"
#include "store/mirror_inspection.h"
#include "store/mirror_reader.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <netdb.h>
#include <sys/socket.h>

namespace couponsync::daemon {
namespace {

/// The findings so far; the first problem decides the exit code.
class Report {
 public:
  void ok(const std::string& what) { print("ok      " + what + "\n"); }
  /// Seldom right, but nothing that can be known to be wrong.
  void doubtful(const std::string& what) { print("look    " + what + "\n"); }
  void failed(ExitCode code, const std::string& what) {
    print("failed  " + what + "\n");
    if (exit_code_ == kExitOk) exit_code_ = code;
  }
  int exit_code() const { return exit_code_; }

 private:
  int exit_code_ = kExitOk;
};

/// WeChat Pay's console and openssl show a serial number as the 20 bytes that it is, in upper case.
bool is_usual_serial(const std::string& serial) {
  constexpr std::size_t kDigits = 40;
  return serial.size() == kDigits && serial.find_first_not_of("0123456789ABCDEF") == std::string::npos;
}

void check_keys(const Configuration& configuration, Report& report) {
  const Configuration::Credentials& credentials = configuration.credentials;
  report.ok(fmt::format("keys of brand {}: of 2048 bits or more, the private one closed to others",
                        configuration.brand_id));
  if (!is_usual_serial(credentials.certificate_serial))
    report.doubtful(
        "/credentials/certificate_serial: it is usually 40 of [0-9A-F], as 'openssl x509 -noout -serial -in "
        "apiclient_cert.pem' shows it");
}

void check_mirror(const Configuration& configuration, Report& report) {
  const std::string path = configuration.mirror.path.string();
  try {
    const std::optional<MirrorInspection> found =
        inspect_mirror(configuration.mirror.path, configuration.brand_id);
    if (!found)
      report.ok(fmt::format("mirror {}: not there yet, will be made", path));
    else
      report.ok(fmt::format("mirror {}: schema version {}, {} coupons, undamaged", path,
                            found->schema_version, found->coupons));
  } catch (const MirrorError& error) {
    const bool refused = error.reason() == MirrorError::Reason::refused;
    report.failed(refused ? kExitMirrorRefused : kExitMirrorUnwritable, error.what());
  }
}

void check_name(const std::string& url, Report& report) {
  std::string why_not;
  const std::optional<HttpsEndpoint> endpoint = parse_https_endpoint(url, why_not);
  if (!endpoint || is_address(*endpoint)) return;
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(endpoint->host.c_str(), nullptr, &hints, &found);
  int count = 0;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) ++count;
  if (found != nullptr) freeaddrinfo(found);
  if (error != 0)
    report.failed(kExitIncomplete, fmt::format("name {}: {}; {}", endpoint->host, gai_strerror(error),
                                               rule_of(FailureKind::resolve_failed).advice));
  else
    report.ok(fmt::format("name {}: {} addresses", endpoint->host, count));
}

void check_clock(std::optional<std::chrono::seconds> lead, Report& report) {
  constexpr std::chrono::seconds kMost{60};
  if (!lead) return;
  const std::string off = fmt::format("clock: {} s {} WeChat Pay's", std::chrono::abs(*lead).count(),
                                      lead->count() >= 0 ? "ahead of" : "behind");
  if (std::chrono::abs(*lead) <= kMost)
    report.ok(off);
  else
    report.failed(kExitIncomplete, off + "; calls are refused from 300 s on: set this machine's clock");
}

/// One signed request for one page to one domain.
Task<bool> check_domain(Domain domain, std::string url, Exchange& exchange, const ListingKey& listing,
                        Report& report) {
  check_name(url, report);
  const std::optional<std::string> first_page;
  const Answer answer = co_await exchange.call(domain, listing, first_page);
  check_clock(answer.clock_lead, report);
  if (answer.page.has_value()) {
    report.ok(fmt::format("{} {}: answered, its signature is right (Request-ID {})", name_of(domain), url,
                          answer.page->request_id));
    co_return true;
  }
  const Failure& failure = answer.page.error();
  const bool refused = failure.rule().remedy == Remedy::stop_sending;
  report.failed(refused ? kExitRefused : kExitIncomplete,
                fmt::format("{} {}: {}; {}", name_of(domain), url, describe(failure), failure.rule().advice));
  co_return false;
}

/// Whether a sync fits into its interval, judged by the pages it had last and by what was learned of the
/// quota.
void check_quota(const Configuration& configuration, Report& report) {
  const std::optional<MirrorStatus> status =
      read_mirror_status(configuration.mirror.path, {.coupons = false});
  if (!status || !status->learned || status->listings.pages == 0) {
    report.ok("quota: not met yet; the first syncs find out what it is");
    return;
  }
  const double available = status->learned->requests_per_second * configuration.rate.share;
  const double needed = static_cast<double>(status->listings.pages) /
                        std::chrono::duration<double>(configuration.sync.interval).count();
  const std::string numbers = fmt::format(
      "quota: {:.1f} requests/s learned, {:.1f} of them to be used, {:.1f} needed to read {} pages every {}",
      status->learned->requests_per_second, available, needed, status->listings.pages,
      format_duration(configuration.sync.interval));
  if (needed <= available)
    report.ok(numbers);
  else
    report.failed(kExitIncomplete, numbers + "; make sync.interval longer");
}

}  // namespace

int run_check(const CheckArguments& arguments) {
  const Configuration configuration = load_configuration(arguments.config);
  Report report;
  report.ok(fmt::format("configuration {}", arguments.config.string()));
  // The service may be given another limit than whoever checks its configuration.
  if (const std::string objection = descriptor_objection(configuration); !objection.empty())
    report.doubtful("/sync/concurrency: " + objection);

  IoLoop loop;
  SystemEnv env;
  ApiAccess access = make_api_access(configuration, env);
  check_keys(configuration, report);

  const Watchlist watchlist = expand_watchlist(configuration);
  report.ok(fmt::format("watchlist: {} openids, {} listings, {} listed more than once",
                        users_of(*watchlist.listings).size(), watchlist.listings->size(),
                        watchlist.repeated));
  check_mirror(configuration, report);
  if (arguments.online) {
    const ListingKey listing = (*watchlist.listings)[0];
    loop.run(
        check_domain(Domain::primary, configuration.api.primary, access.session->exchange, listing, report));
    loop.context().restart();
    if (configuration.api.backup)
      loop.run(
          check_domain(Domain::backup, *configuration.api.backup, access.session->exchange, listing, report));
    if (report.exit_code() == kExitOk) check_quota(configuration, report);
  }
  return report.exit_code();
}

}  // namespace couponsync::daemon
