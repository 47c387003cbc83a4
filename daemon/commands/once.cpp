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
#include "session.h"
#include "signals.h"
#include "summary.h"
#include "sync/take_over.h"

#include <fmt/format.h>

#include <functional>
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
bool already_read(const Listing& listing, const std::optional<InterruptedRun>& interrupted,
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
  Result<std::optional<std::vector<Listing>>> taken = co_await take_over(writer, watchlist, abandon);
  if (taken.has_error()) co_return stopped_by(taken.error());
  std::vector<Listing> states = std::move(taken->value());
  syncer.set_witnesses(witnesses_among(states));

  const UnixSeconds now = to_unix_seconds(env.wall_now());
  std::vector<Listing*> listings;
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

int exit_code_after(const RunReport& report) {
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
    chosen = choose(watchlist.listings, arguments.openids);
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
  const std::string shrunken = shrunken_since(mirror.watched_listings(), watchlist.listings.size(),
                                              configuration.sync.max_watchlist_shrink);
  if (!shrunken.empty()) log->error("{}", shrunken);
  RateController rate(rate_options(configuration, learned_rate(mirror, env)), env.steady_now());
  Writer writer(std::move(mirror));
  Session session(configuration, watchlist.listings.size(), std::move(access),
                  {env, writer, events, rate, pause}, loop.context().get_executor());

  Once once{configuration, env,
            writer,        session.syncer(),
            *log,          watchlist.listings,
            chosen,        arguments.openids.empty()};
  std::optional<RunReport> report;
  {
    // From then on they have their default action again: nothing else would end it in front of a full pipe.
    const Signals signals(loop.context(), {[&loop] { loop.stop(); }, {}});
    const Progress progress(loop.context().get_executor(), session.syncer().counters());
    const MirrorWatch watch(loop.context().get_executor(), writer, log, [&loop] { loop.stop(); });
    report = loop.run(once.run());
  }
  const std::uintmax_t left = writer.close();
  tell_of_left_log(*log, configuration.mirror.path, left);
  const std::optional<Failure> lost = writer.lost();
  const RunCounters& counters = report ? report->counters : session.syncer().counters();
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
