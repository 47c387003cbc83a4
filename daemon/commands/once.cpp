#include "base/system_env.h"
#include "commands/commands.h"
#include "configuration/configuration.h"
#include "configuration/watchlist.h"
#include "exit_code.h"
#include "io_loop.h"
#include "log_events.h"
#include "logging.h"
#include "mirror_options.h"
#include "progress.h"
#include "session.h"
#include "signals.h"
#include "summary.h"
#include "sync/take_over.h"

#include <fmt/format.h>

#include <functional>
#include <iostream>
#include <unordered_set>

namespace couponsync::daemon {
namespace {

/// What the command line asks for cannot be done.
class UsageError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Which listings `--openid` leaves; all if it was not given.
std::vector<bool> choose(const std::vector<ListingKey>& listings, const std::vector<std::string>& openids) {
  const std::unordered_set<std::string> wanted(openids.begin(), openids.end());
  std::unordered_set<std::string> found;
  std::vector<bool> chosen(listings.size(), openids.empty());
  for (std::size_t i = 0; i < listings.size(); ++i)
    if (wanted.contains(listings[i].openid.reveal())) {
      chosen[i] = true;
      found.insert(listings[i].openid.reveal());
    }
  for (std::size_t i = 0; i < openids.size(); ++i)
    if (!found.contains(openids[i]))
      throw UsageError(
          fmt::format("--openid number {} is not on the watchlist: add it there or leave it out", i + 1));
  return chosen;
}

/// A `once` that was killed or stopped less than an interval ago is continued: what it had completed is
/// fresh. Times that lie ahead are no times: everything is read then.
bool already_read(const ListingState& listing, const std::optional<InterruptedRun>& interrupted,
                  UnixSeconds now, std::chrono::milliseconds interval) {
  if (!interrupted || listing.next_page_token) return false;
  const auto fresh_for = std::chrono::floor<std::chrono::seconds>(interval);
  return is_recent(listing.last_completed_at, fresh_for, now) &&
         *listing.last_completed_at >= interrupted->started_at;
}

RunReport stopped_by(const Failure& failure) {
  RunReport report;
  report.stopped_by = failure;
  return report;
}

struct Once {
  const Configuration& configuration;
  Env& env;
  Writer& writer;
  Syncer& syncer;
  spdlog::logger& log;
  const std::vector<ListingKey>& watchlist;
  const std::vector<bool>& chosen;
  bool everything;

  Task<RunReport> run();
};

Task<RunReport> Once::run() {
  const Result<std::optional<InterruptedRun>> interrupted = co_await writer.interrupted_once();
  if (interrupted.has_error()) co_return stopped_by(interrupted.error());
  const std::function<bool()> abandon = [] { return false; };
  Result<std::optional<std::vector<ListingState>>> taken = co_await take_over(writer, watchlist, abandon);
  if (taken.has_error()) co_return stopped_by(taken.error());
  std::vector<ListingState> states = std::move(taken->value());
  syncer.set_witnesses(witnesses_among(states));

  const UnixSeconds now = to_unix_seconds(env.wall_now());
  std::vector<ListingState*> listings;
  std::int64_t skipped = 0;
  for (std::size_t i = 0; i < states.size(); ++i) {
    if (!chosen[i]) continue;
    if (everything && already_read(states[i], *interrupted, now, configuration.sync.interval))
      ++skipped;
    else
      listings.push_back(&states[i]);
  }
  if (skipped > 0)
    log.info("the last once was interrupted: the {} listings it completed are not read again", skipped);
  co_return co_await syncer.run(RunTrigger::once, std::move(listings), skipped);
}

int exit_code_of(const RunReport& report) {
  if (report.stopped_by) {
    if (report.stopped_by->kind == FailureKind::mirror_damaged) return kExitMirrorRefused;
    if (report.stopped_by->kind == FailureKind::mirror_unwritable) return kExitMirrorUnwritable;
    return report.stopped_by->rule().remedy == Remedy::stop_sending ? kExitRefused : kExitIncomplete;
  }
  return report.counters.listings_failed == 0 ? kExitOk : kExitIncomplete;
}

}  // namespace

int run_once(const OnceArguments& arguments) {
  const Configuration configuration = load_configuration(arguments.config);
  const Watchlist watchlist = expand_watchlist(configuration);
  const auto log = make_logger(configuration.log);
  std::vector<bool> chosen;
  try {
    chosen = choose(watchlist.listings, arguments.openids);
  } catch (const UsageError& error) {
    complain(error.what());
    return kExitUsage;
  }

  ignore_harmless_signals();
  IoLoop loop;
  SystemEnv env;
  LogEvents events(log, env);
  SendingPause pause(env, events);
  ApiAccess access = make_api_access(configuration, env);
  Mirror mirror = Mirror::open(mirror_options(configuration));
  set_redaction_key(mirror.redaction_key());
  RateController rate(rate_options(configuration, learned_rate(mirror, env)), env.steady_now());
  Writer writer(std::move(mirror));
  Session session(configuration, watchlist.listings.size(), std::move(access),
                  {env, writer, events, rate, pause}, loop.context().get_executor());
  const Signals signals(loop.context(), {[&loop] { loop.stop(); }, {}});

  Once once{configuration, env,
            writer,        session.syncer(),
            *log,          watchlist.listings,
            chosen,        arguments.openids.empty()};
  std::optional<RunReport> report;
  {
    const Progress progress(loop.context().get_executor(), session.syncer().counters());
    report = loop.run(once.run());
  }
  const RunCounters& counters = report ? report->counters : session.syncer().counters();
  std::cout << (arguments.json ? summary_json(counters) + "\n" : summary_text(counters)) << std::flush;
  if (!report) return kExitIncomplete;
  if (report->stopped_by) {
    const FailureRule& rule = report->stopped_by->rule();
    const bool stopped = rule.remedy == Remedy::stop_sending || rule.remedy == Remedy::stop_writing;
    log->error("{}{}; {}", stopped ? "" : "given up, no domain works: ", describe(*report->stopped_by),
               rule.advice);
  }
  return exit_code_of(*report);
}

}  // namespace couponsync::daemon
