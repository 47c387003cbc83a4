#include "api_access.h"
#include "background.h"
#include "base/system_env.h"
#include "commands/commands.h"
#include "configuration/configuration.h"
#include "configuration/configuration_changes.h"
#include "configuration/watchlist.h"
#include "configuration/watchlist_shrink.h"
#include "database_progress.h"
#include "descriptor_limit.h"
#include "event_fanout.h"
#include "exit_code.h"
#include "http/monitoring.h"
#include "io_loop.h"
#include "log_events.h"
#include "logging.h"
#include "mirror_options.h"
#include "mirror_watch.h"
#include "reload_report.h"
#include "reload_requests.h"
#include "service_notifier.h"
#include "service_status.h"
#include "signals.h"
#include "sync/scheduler.h"
#include "watchdog.h"

#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>

#include <malloc.h>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

namespace couponsync::daemon {
namespace {

constexpr std::chrono::seconds kStatusEvery{5};

/// Memory or threads, which the machine may have again at the next reload.
ConfigurationError what_lacks(const std::exception& error) {
  return {"", fmt::format("cannot be read now: {}", error.what()), true};
}

/// The service as one object: what lives as long as the process, and the configuration in force.
class Service {
 public:
  /// `access` was made with `env`, which outlives this.
  Service(Configuration configuration, Watchlist watchlist, ApiAccess access, Mirror mirror, Env& env,
          std::shared_ptr<spdlog::logger> log)
      : env_(env),
        configuration_(std::move(configuration)),
        watchlist_(std::move(watchlist)),
        access_(std::move(access)),
        log_(std::move(log)),
        monitoring_(executor(), env_, configuration_, callbacks(), log_),
        log_events_(log_, env_, [this](const std::string& activity) { tell_status(activity); }),
        events_({&log_events_, &monitoring_.metrics(), &monitoring_.readiness()}),
        rate_(rate_options(configuration_, learned_rate(mirror, env_)), env_.steady_now()),
        writer_(std::move(mirror)),
        mirror_watch_(executor(), writer_, log_, [this] { loop_.stop(); }),
        scheduler_({env_, rate_, writer_, pause_, events_},
                   make_plan(configuration_, access_, watchlist_.listings), executor()),
        loading_(executor()),
        reload_requests_(executor(), [this] { reload(); }),
        signals_(loop_.context(), {[this] { stop(); }, [this] { reload_requests_.ask(); }}),
        watchdog_(executor(), notifier_, [this] { return database_stuck_for() < DatabaseProgress::kHangs; }),
        status_timer_(executor()) {}

  int run();

 private:
  boost::asio::any_io_executor executor() { return loop_.context().get_executor(); }
  /// A configuration that was read again, and nothing of it is in force yet.
  struct Loaded {
    Configuration configuration;
    Watchlist watchlist;
    ApiAccess access;
    std::vector<std::string> changes;
    std::vector<std::string> kept;  ///< what cannot change
  };
  /// What became of a reload.
  struct Reloaded {
    bool is_complete = true;  ///< nothing was refused
    std::string message;
  };

  void stop();
  /// Reads the files beside the io thread, however large they are, and adopts what is in them.
  void reload();
  /// Throws ConfigurationError. Not on the io thread: what it looks at changes only when a reload is adopted.
  Loaded load() const;
  Reloaded adopt(Loaded loaded);
  Reloaded refuse(const ConfigurationError& why);
  void reloaded(const Reloaded& reloaded);
  template <class Tell>
  void tell_reload(Tell tell);
  std::chrono::seconds database_stuck_for();
  ServiceNow now();
  ListingCounts counts() const;
  void tell_status(const std::string& activity);
  void keep_telling_status();
  void tell_nobody_is_let_in() const;
  Monitoring::Service callbacks();

  Env& env_;
  IoLoop loop_;
  ServiceNotifier notifier_;
  ReloadReporter reloads_{runtime_folder()};
  Configuration configuration_;
  Watchlist watchlist_;
  ApiAccess access_;
  std::shared_ptr<spdlog::logger> log_;
  Monitoring monitoring_;
  LogEvents log_events_;
  EventFanout events_;
  SendingPause pause_{env_, events_};
  RateController rate_;
  Writer writer_;
  MirrorWatch mirror_watch_;
  DatabaseProgress database_progress_;
  Scheduler scheduler_;
  Background loading_;
  ReloadRequests reload_requests_;
  Signals signals_;
  Watchdog watchdog_;
  boost::asio::steady_timer status_timer_;
  std::string activity_;
};

int Service::run() {
  for (const std::string_view signal : signals_.ignored())
    log_->warn("{} is ignored, as it was by the process that started this one{}", signal,
               signal == "SIGHUP" ? ": it reloads nothing" : "");
  if (!reloads_.problem().empty())
    log_->warn("`couponsyncd reload` will not find this service: {}", reloads_.problem());
  monitoring_.read_notifications_with(access_.notifications);
  monitoring_.serve_at(configuration_.http);
  log_->info("couponsyncd serves {}", configuration_.mirror.path.string());
  notifier_.ready("started");
  keep_telling_status();
  std::optional<Failure> ended = loop_.run(scheduler_.run());
  monitoring_.end();
  const std::uintmax_t left = writer_.close();
  if (const std::optional<Failure> lost = writer_.lost()) ended = lost;
  if (!ended) {
    tell_of_left_log(*log_, configuration_.mirror.path, left);
    log_->info("stopped");
    return kExitOk;
  }
  log_->critical("the mirror cannot be used any more: {}; {}", describe(*ended), ended->rule().advice);
  return exit_code_of(*ended);
}

void Service::stop() {
  log_->info("stopping: what is committed stays, the rest goes on at its bookmarks after the next start");
  notifier_.stopping();
  monitoring_.readiness().stopping();
  reload_requests_.stop();
  writer_.hurry();
  loop_.stop();
}

void Service::reload() {
  notifier_.reloading();
  tell_reload([this] { reloads_.began(); });
  try {
    loading_.start([this]() -> Background::Then {
      try {
        auto loaded = std::make_shared<Loaded>(load());
        return [this, loaded] { reloaded(adopt(std::move(*loaded))); };
      } catch (const ConfigurationError& error) {
        return [this, error] { reloaded(refuse(error)); };
      } catch (const std::exception& error) {
        return [this, lacking = what_lacks(error)] { reloaded(refuse(lacking)); };
      }
    });
  } catch (const std::system_error& error) {
    reloaded(refuse(what_lacks(error)));
  }
}

Service::Loaded Service::load() const {
  Loaded loaded{.configuration = load_configuration(configuration_.file),
                .watchlist = {},
                .access = {},
                .changes = {},
                .kept = {}};
  Configuration& configuration = loaded.configuration;
  loaded.kept = keep_fixed_settings(configuration_, configuration);
  provide_descriptors(configuration);
  loaded.watchlist = expand_watchlist(configuration);
  refuse_shrunken_files(watchlist_.files, loaded.watchlist, configuration.sync.max_watchlist_shrink);
  loaded.access = make_api_access(configuration, env_, &access_);
  loaded.changes = changed_settings(configuration_, configuration);
  if (loaded.access.keys_digest != access_.keys_digest) loaded.changes.emplace_back("keys renewed");
  if (loaded.access.ca_digest != access_.ca_digest) loaded.changes.emplace_back("CA certificates renewed");
  std::string listings = changed_listings(*watchlist_.listings, *loaded.watchlist.listings);
  if (!listings.empty()) loaded.changes.push_back(std::move(listings));
  return loaded;
}

Service::Reloaded Service::adopt(Loaded loaded) {
  Configuration& configuration = loaded.configuration;
  const SteadyTime now = env_.steady_now();
  if (configuration.rate != configuration_.rate)
    rate_.reconfigure(rate_options(configuration, rate_.learned(now)), now);
  apply_log_options(*log_, configuration.log);
  monitoring_.serve_at(configuration.http);
  monitoring_.judge_by(configuration);
  configuration_ = std::move(configuration);
  watchlist_ = std::move(loaded.watchlist);
  access_ = std::move(loaded.access);
  monitoring_.read_notifications_with(access_.notifications);
  scheduler_.reload(make_plan(configuration_, access_, watchlist_.listings));
  Reloaded reloaded;
  reloaded.message =
      "configuration reloaded: " +
      (loaded.changes.empty() ? "nothing changed" : fmt::format("{}", fmt::join(loaded.changes, ", ")));
  if (const std::string unserved = monitoring_.unserved(); !unserved.empty())
    reloaded.message += "; " + unserved;
  if (!loaded.kept.empty()) {
    reloaded.is_complete = false;
    reloaded.message +=
        fmt::format("; not reloaded, because it needs a restart: {}", fmt::join(loaded.kept, ", "));
  }
  log_->log(reloaded.is_complete ? spdlog::level::info : spdlog::level::err, "{}; everything is synced next",
            reloaded.message);
  notifier_.ready(reloaded.is_complete ? "everything is synced next"
                                       : "a changed setting needs a restart, everything is synced next");
  return reloaded;
}

Service::Reloaded Service::refuse(const ConfigurationError& why) {
  Reloaded reloaded{
      .is_complete = false,
      .message =
          std::string("the configuration was not reloaded, the old one stays in force: ") + why.what()};
  log_->error("{}", reloaded.message);
  scheduler_.sync_all();
  notifier_.ready("the configuration was refused, the old one stays");
  return reloaded;
}

void Service::reloaded(const Reloaded& reloaded) {
  tell_reload([&] { reloads_.reloaded(reloaded.is_complete, reloaded.message); });
  reload_requests_.finished();
}

template <class Tell>
void Service::tell_reload(Tell tell) {
  try {
    tell();
  } catch (const std::system_error& error) {
    log_->warn("nobody can be told of the reload: {}", error.what());
  }
}

std::chrono::seconds Service::database_stuck_for() {
  return database_progress_.stuck_for(writer_.progress(), env_.steady_now());
}

ServiceNow Service::now() {
  const SteadyTime now = env_.steady_now();
  ServiceNow state;
  state.requests_per_second = rate_.requests_per_second(now);
  const DomainSelector& domains = *access_.session->domains;
  state.primary_avoided = domains.is_avoided(Domain::primary, now);
  state.backup_avoided = domains.is_avoided(Domain::backup, now);
  state.writer = writer_.progress();
  state.checkpoint_failure = writer_.checkpoint_failure();
  state.database_stuck_for = database_stuck_for();
  state.watchlist_adopted = scheduler_.is_adopted();
  return state;
}

ListingCounts Service::counts() const {
  const ListingCensus& census = scheduler_.census();
  const std::int64_t ahead = to_unix_seconds(env_.wall_now()) - tick_of(env_.steady_now());
  ListingCounts counts;
  counts.watched = static_cast<std::int64_t>(census.watched());
  counts.never_completed = static_cast<std::int64_t>(census.never_completed());
  counts.failing = static_cast<std::int64_t>(census.failing());
  counts.pages = census.pages();
  for (const auto& [tick, count] : census.by_completion())
    counts.completed.push_back({.at = tick + ahead,
                                .all = static_cast<std::int64_t>(count.all),
                                .failing = static_cast<std::int64_t>(count.failing)});
  return counts;
}

void Service::tell_status(const std::string& activity) {
  activity_ = activity;
  const SteadyTime now = env_.steady_now();
  ServiceStatus status;
  status.listings = scheduler_.census().watched();
  status.fresh = scheduler_.fresh(stale_after(configuration_.sync.interval));
  status.failing = scheduler_.census().failing();
  status.next_due_in = scheduler_.next_due_in();
  status.requests_per_second = rate_.requests_per_second(now);
  status.learned = rate_.learned(now);
  const DomainSelector& domains = *access_.session->domains;
  status.primary_avoided = domains.is_avoided(Domain::primary, now);
  status.backup_avoided = domains.is_avoided(Domain::backup, now);
  status.has_backup = domains.has_backup();
  status.pause = monitoring_.readiness().pauses();
  status.activity = activity;
  status.unserved = monitoring_.unserved();
  notifier_.status(status.text());
}

void Service::keep_telling_status() {
  tell_status(activity_);
  status_timer_.expires_after(kStatusEvery);
  status_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) keep_telling_status();
  });
}

Monitoring::Service Service::callbacks() {
  return {.now = [this] { return now(); },
          .counts = [this] { return counts(); },
          .hint = [this](std::string_view appid, const Openid& openid,
                         HintSource source) { return scheduler_.hint(appid, openid, source); },
          .out_of_descriptors = [this] { tell_nobody_is_let_in(); }};
}

void Service::tell_nobody_is_let_in() const {
  log_->warn("{} lets nobody in for now: no file descriptor is left; {}", *configuration_.http.listen,
             rule_of(FailureKind::out_of_descriptors).advice);
}

/// What a reload of a million listings needed goes back to the system when it is over. By default glibc's
/// malloc raises the size from which on it does so to the largest block it has seen (mallopt(3)).
void return_large_blocks() {
  constexpr int kLarge = 256 * 1024;
  mallopt(M_MMAP_THRESHOLD, kLarge);
}

}  // namespace

int run_service(const RunArguments& arguments) {
  return_large_blocks();
  Configuration configuration = load_configuration(arguments.config);
  provide_descriptors(configuration);
  Watchlist watchlist = expand_watchlist(configuration);
  auto log = make_logger(configuration.log);
  SystemEnv env;
  ApiAccess access = make_api_access(configuration, env);
  Mirror mirror = Mirror::open(mirror_options(configuration));
  set_redaction_key(mirror.redaction_key());
  const std::string shrunken = shrunken_since(mirror.watched_listings(), watchlist.listings->size(),
                                              configuration.sync.max_watchlist_shrink);
  if (!shrunken.empty()) log->error("{}", shrunken);
  return Service(std::move(configuration), std::move(watchlist), std::move(access), std::move(mirror), env,
                 std::move(log))
      .run();
}

}  // namespace couponsync::daemon
