#include "api_access.h"
#include "base/system_env.h"
#include "commands/commands.h"
#include "configuration/configuration.h"
#include "configuration/watchlist.h"
#include "configuration/watchlist_shrink.h"
#include "descriptor_limit.h"
#include "exit_code.h"
#include "io_loop.h"
#include "log_events.h"
#include "logging.h"
#include "mirror_options.h"
#include "mirror_watch.h"
#include "progress.h"
#include "results.h"
#include "signals.h"
#include "summary.h"
#include "sync/scheduler.h"

#include <fmt/format.h>

#include <string_view>
#include <unordered_set>

namespace couponsync::daemon {
namespace {

/// What the command line asks for cannot be done.
class UsageError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Which listings `--openid` leaves; all if it was not given.
std::vector<bool> choose(const ListingSet& listings, const std::vector<std::string>& openids) {
  const std::unordered_set<std::string_view> wanted(openids.begin(), openids.end());
  std::unordered_set<std::string_view> found;
  std::vector<bool> chosen(listings.size(), openids.empty());
  for (std::size_t i = 0; i < listings.size() && !openids.empty(); ++i) {
    if (!wanted.contains(listings.openid_of(i))) continue;
    chosen[i] = true;
    found.insert(listings.openid_of(i));
  }
  for (std::size_t i = 0; i < openids.size(); ++i)
    if (!found.contains(openids[i]))
      throw UsageError(
          fmt::format("--openid number {} is not on the watchlist: add it there or leave it out", i + 1));
  return chosen;
}

/// A `once` that was killed or stopped less than an interval ago is continued: what it had completed is
/// fresh.
Instant continued_since(const Mirror& mirror, const OnceArguments& arguments) {
  if (!arguments.openids.empty()) return std::nullopt;
  const std::optional<InterruptedRun> interrupted = mirror.interrupted_once();
  return interrupted ? Instant(interrupted->started_at) : Instant();
}

int exit_code_after(const OnceReport& report) {
  if (report.stopped_by) return exit_code_of(*report.stopped_by);
  return report.counters.listings_failed == 0 ? kExitOk : kExitIncomplete;
}

}  // namespace

int run_once(const OnceArguments& arguments) {
  const Configuration configuration = load_configuration(arguments.config);
  provide_descriptors(configuration);
  const Watchlist watchlist = expand_watchlist(configuration);
  const auto log = make_logger(configuration.log);
  std::vector<bool> chosen;
  try {
    chosen = choose(*watchlist.listings, arguments.openids);
  } catch (const UsageError& error) {
    complain(error.what());
    return kExitUsage;
  }

  IoLoop loop;
  SystemEnv env;
  LogEvents events(log, env);
  SendingPause pause(env, events);
  ApiAccess access = make_api_access(configuration, env);
  Mirror mirror = Mirror::open(mirror_options(configuration));
  set_redaction_key(mirror.redaction_key());
  const std::string shrunken = shrunken_since(mirror.watched_listings(), watchlist.listings->size(),
                                              configuration.sync.max_watchlist_shrink);
  if (!shrunken.empty()) log->error("{}", shrunken);
  const Instant since = continued_since(mirror, arguments);
  RateController rate(rate_options(configuration, learned_rate(mirror, env)), env.steady_now());
  Writer writer(std::move(mirror));
  const auto executor = loop.context().get_executor();
  Scheduler scheduler({env, rate, writer, pause, events},
                      make_plan(configuration, access, watchlist.listings), executor);
  std::optional<OnceReport> report;
  {
    // From then on they have their default action again: nothing else would end it in front of a full pipe.
    const auto stop = [&loop, &writer] {
      writer.hurry();
      loop.stop();
    };
    const Signals signals(loop.context(), {stop, {}});
    const Progress progress(executor, [&scheduler] { return scheduler.counters(); });
    const MirrorWatch watch(executor, writer, log, [&loop] { loop.stop(); });
    report = loop.run(scheduler.once({.chosen = &chosen, .since = since}));
  }
  const std::uintmax_t left = writer.close();
  tell_of_left_log(*log, configuration.mirror.path, left);
  const std::optional<Failure> lost = writer.lost();
  const RunCounters counters = report ? report->counters : scheduler.counters();
  print(arguments.json ? summary_json(counters) + "\n" : summary_text(counters));
  if (lost) {
    log->critical("{}; {}", describe(*lost), lost->rule().advice);
    return exit_code_of(*lost);
  }
  if (!report) return kExitIncomplete;
  if (report->stopped_by) {
    const FailureRule& rule = report->stopped_by->rule();
    const bool stopped = rule.remedy == Remedy::stop_sending || is_of_mirror(rule.remedy);
    log->error("{}{}; {}", stopped ? "" : "given up, nothing gets through: ", describe(*report->stopped_by),
               rule.advice);
  }
  return exit_code_after(*report);
}

}  // namespace couponsync::daemon
