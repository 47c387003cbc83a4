#include "sim/simulation.h"

#include "base/coupon_state.h"
#include "sim/api.h"
#include "sim/clockwork.h"
#include "sim/disturbances.h"
#include "sim/life.h"
#include "sim/oracle.h"
#include "sim/sim_events.h"
#include "sim/world.h"

#include <SQLiteCpp/Database.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <set>
#include <utility>

namespace couponsync::sim {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;
using Kind = Event::Kind;

constexpr std::int64_t kQuietReadings = 3;
constexpr std::uint64_t kMostSteps = 3'000'000;

class Simulation {
 public:
  Simulation(const Schedule& schedule, const SimulationOptions& options)
      : schedule_(schedule),
        options_(options),
        settings_(schedule.settings),
        env_(schedule.seed),
        world_(schedule),
        api_({env_, world_, oracle_, outcome_.counts, [this](const std::string& what) { violated(what); },
              [this](const auto& text) { trace(text); }},
             schedule),
        events_({oracle_, outcome_.counts, [this](const auto& text) { trace(text); }}),
        disk_(outcome_.counts) {
    fs::remove_all(options.folder);
    fs::create_directories(options.folder);
    api_.limit_pace(settings_.max_requests_per_second);
    api_.hide_versions_above(options.last_version);
  }

  Outcome play() {
    for (const Event& event : schedule_.events) clockwork_.set_alarm(event.at);
    clockwork_.set_alarm(schedule_.ends_at);
    enter_new_folder();
    start();
    while (!outcome_.violation && env_.elapsed() < schedule_.ends_at) step();
    if (!outcome_.violation) become_quiet();
    read_to_rest();
    if (!outcome_.violation) watch_at_rest();
    if (!outcome_.violation) finish();
    disk_.end_all();
    if (life_) drain();
    outcome_.virtual_time = env_.elapsed();
    return std::move(outcome_);
  }

 private:
  void violated(const std::string& what) {
    if (!outcome_.violation) outcome_.violation = what;
    trace([&] { return "VIOLATION " + what; });
  }
  void trace(const std::function<std::string()>& text) {
    if (!options_.trace) return;
    outcome_.trace +=
        fmt::format("[{:>9.3f}] {}\n", std::chrono::duration<double>(env_.elapsed()).count(), text());
  }

  void step() {
    if (++steps_ > kMostSteps) return violated("it does not come to rest: too many steps");
    if (is_quiet_ && env_.elapsed() > quiet_until_)
      return violated(fmt::format("it does not come to rest: {}", unread(kQuietReadings)));
    apply_due();
    if (life_ && life_->has_ended()) return life_ended();
    work();
    if (life_) watch_bounds();
    if (life_ && std::exchange(events_.marks_missing, false)) check_missing();
  }

  void work() {
    switch (clockwork_.next(life_ ? &life_->writer() : nullptr)) {
      case Clockwork::Did::jobs:
        if (disk_.was_killed()) killed();
        return;
      case Clockwork::Did::look:
        if (expects_gone_ && life_->writer().lost()) gone();
        return;
      case Clockwork::Did::nothing:
        return violated("nothing is left that could happen");
      default:
        return;
    }
  }

  fs::path mirror() const { return folder_ / "mirror.db"; }
  void enter_new_folder() {
    folder_ = options_.folder / std::to_string(++folders_);
    fs::create_directory(folder_);
    provide_new_mirror(mirror());
  }

  void start() {
    starts_at_.reset();
    try {
      life_ =
          std::make_unique<Life>(Life::Deps{env_, api_, events_, schedule_.has_backup}, mirror(), settings_);
      trace([] { return std::string("START"); });
    } catch (const MirrorError& error) {
      trace([&] { return std::string("CANNOT START ") + error.what(); });
      ++outcome_.counts["start refused"];
      if (!disk_.is_faulty()) return violated(std::string("it cannot start: ") + error.what());
      start_in(seconds(5));
    }
  }
  void start_in(std::chrono::nanoseconds time) {
    starts_at_ = env_.elapsed() + time;
    clockwork_.set_alarm(*starts_at_);
  }

  /// Until its coroutines have ended; what it says is not listened to any more.
  void drain() {
    disk_.disarm_kill();
    events_.mute(true);
    life_->stop();
    const auto since = env_.elapsed();
    clockwork_.slow_database({});
    for (std::uint64_t steps = 0; !life_->has_ended(); ++steps) {
      if (clockwork_.next(&life_->writer()) != Clockwork::Did::nothing && steps < kMostSteps) continue;
      static_cast<void>(life_.release());  // its coroutines refer to it
      return violated("it does not end when it is stopped");
    }
    while (env_.run_ready_handler()) {  // the cancelling itself is one, and refers to it
    }
    if (life_->thrown()) violated("it ended by an exception: " + *life_->thrown());
    life_.reset();
    events_.mute(false);
    events_.process_ended();
    oracle_.process_ended();
    api_.process_ended();
  }

  void stop() {
    if (!life_) return;
    trace([] { return std::string("STOP"); });
    disk_.release_others();
    events_.keep_listening();
    drain();
    if (!disk_.is_faulty()) check_mirror();
  }

  /// The image of its files goes on in another folder, as another process would find them.
  void killed() {
    trace([&] { return std::string("KILLED"); });
    ++outcome_.counts["killed at a write"];
    const fs::path image = disk_.take_image();
    disk_.release_others();
    drain();
    folder_ = image;
    start_in(restart_after_);
  }

  void life_ended() {
    const std::optional<Failure> why = life_->end();
    if (life_->thrown()) return violated("it ended by an exception: " + *life_->thrown());
    if (!why || why->kind != FailureKind::mirror_gone || !expects_gone_)
      return violated("it ended: " + (why ? describe(*why) : std::string("nobody knows why")));
    gone();
  }
  /// It saw that its files are gone: the operator has everything read anew.
  void gone() {
    trace([] { return std::string("GONE"); });
    ++outcome_.counts["ended, files gone"];
    disk_.release_others();
    drain();
    if (outcome_.violation) return;
    if (imposter_ && content_of(mirror()) != *imposter_)
      return violated("it wrote to a file that is not its own");
    expect_gone(false);
    imposter_.reset();
    oracle_.forget_all();
    enter_new_folder();
    start_in(restart_after_);
  }

  void apply_due() {
    while (next_event_ < schedule_.events.size() && schedule_.events[next_event_].at <= env_.elapsed() &&
           !is_quiet_)
      apply(schedule_.events[next_event_++]);
    if (starts_at_ && *starts_at_ <= env_.elapsed() && !life_) start();
    if (steps_back_at_ && *steps_back_at_ <= env_.elapsed()) set_clock_right();
    disk_.end_due(env_.elapsed());
  }

  void apply(const Event& event) {
    trace([&] { return "EVENT " + describe(event); });
    ++outcome_.counts[std::string(name_of(event.kind))];
    const auto until = env_.elapsed() + event.lasts;
    if (event.lasts.count() > 0) clockwork_.set_alarm(until);
    if (event.kind <= Kind::bring_back_coupon) return world_.apply(event, env_.elapsed());
    if (event.kind <= Kind::user_limit) return api_.begin(event);
    switch (event.kind) {
      case Kind::clock_step:
        env_.set_wall_clock(seconds(event.amount));
        api_.clock_stepped(seconds(event.amount));
        steps_back_at_ = until;
        return;
      case Kind::reload:
        if (const auto user = change(settings_, event)) layout_changed_.insert(*user);
        trace([&] { return describe(settings_); });
        api_.limit_pace(settings_.max_requests_per_second);
        if (life_) life_->reload(settings_);
        return;
      case Kind::sync_all:
        if (life_) life_->sync_all();
        return;
      case Kind::stop:
        if (!life_) return;
        stop();
        return start_in(event.lasts);
      case Kind::kill:
        if (!life_ || expects_gone_) return;
        restart_after_ = event.lasts;
        return disk_.kill_at_write(event.amount, folder_, options_.folder / std::to_string(++folders_));
      case Kind::slow_database:
        return clockwork_.slow_database(until);
      case Kind::disk_fault:
        return disk_.begin_fault(event, until);
      case Kind::foreign_reader:
      case Kind::foreign_writer:
        if (life_ && !expects_gone_) disk_.begin_foreign(event, until, mirror());
        return;
      default:
        return take_file_away(event);
    }
  }

  void take_file_away(const Event& event) {
    if (!life_ || expects_gone_) return;
    expect_gone(true);
    restart_after_ = event.lasts;
    disk_.release_others();
    constexpr std::array<const char*, 3> kParts{"", "-wal", "-shm"};
    const bool is_replaced = event.kind == Kind::file_replaced;
    fs::path taken = mirror();
    if (!is_replaced) taken += kParts[event.dice % kParts.size()];
    fs::rename(taken, options_.folder / ("away" + std::to_string(++folders_)));
    if (!is_replaced) return;
    provide_new_mirror(mirror());
    imposter_ = content_of(mirror());
  }

  void expect_gone(bool expected) {
    expects_gone_ = expected;
    clockwork_.look_after_files(expected);
  }

  void set_clock_right() {
    steps_back_at_.reset();
    const seconds off = api_.clock_off();
    env_.set_wall_clock(-off);
    api_.clock_stepped(-off);
  }

  void become_quiet() {
    trace([] { return std::string("QUIET"); });
    apply_due();
    is_quiet_ = true;
    api_.end_all();
    disk_.end_all();
    set_clock_right();
    clockwork_.slow_database({});
    if (!life_ && !starts_at_) start_in(seconds(0));
    events_.completed.clear();
    quiet_until_ = env_.elapsed() + 6 * settings_.interval + seconds(1800);
    clockwork_.set_alarm(quiet_until_ + seconds(1));
  }

  /// Each listing once, and then again and again: to see what changed, to confirm it, and, of those narrowed
  /// by state, for the two passes of a search in order.
  void read_to_rest() {
    while (!outcome_.violation && !unread(1).empty()) step();
    const auto until = env_.elapsed() + 3 * settings_.interval + seconds(120);
    if (!outcome_.violation) clockwork_.set_alarm(until);
    while (!outcome_.violation && (env_.elapsed() < until || !unread(kQuietReadings).empty())) step();
  }
  std::string unread(std::int64_t wanted) const {
    for (const ListingKey& key : listings_of(settings_)) {
      const auto found = events_.completed.find(key);
      const std::int64_t times = found == events_.completed.end() ? 0 : found->second;
      if (times < wanted)
        return fmt::format("a listing of {} ({}{}{}) was read {} times in the quiet", key.openid.reveal(),
                           key.product_coupon_id, key.stock_id, key.coupon_state, times);
    }
    return {};
  }

  /// Nothing changes any more: for an interval and a quarter each listing is read, and not often, and nothing
  /// is written of it.
  void watch_at_rest() {
    if (!life_ || schedule_.seed % 3 != 0) return;  // it takes as long again
    const std::string changes = last_change();
    events_.completed.clear();
    api_.first_pages.clear();
    const auto until = env_.elapsed() + settings_.interval * 5 / 4 + seconds(60);
    quiet_until_ = until + seconds(1);
    clockwork_.set_alarm(until);
    while (!outcome_.violation && env_.elapsed() < until) step();
    if (outcome_.violation) return;
    for (const ListingKey& key : listings_of(settings_)) {
      const std::string name = fmt::format("at rest a listing of {} ({}{}{})", key.openid.reveal(),
                                           key.product_coupon_id, key.stock_id, key.coupon_state);
      if (events_.completed[key] < 1) return violated(name + " is not read in time");
      if (api_.first_pages[key] > 4)
        return violated(fmt::format("{} is asked for {} times", name, api_.first_pages[key]));
    }
    if (last_change() != changes) violated("at rest rows change");
  }
  std::string last_change() const {
    SQLite::Database database(mirror().string(), SQLite::OPEN_READONLY);
    return changes_of(database);
  }

  void finish() {
    // A kill, or the files' end, may still be under way.
    if (expects_gone_) return violated("it did not see that its files are gone");
    if (!life_) return;
    is_finished_ = true;
    stop();
  }

  void check_mirror() {
    if (outcome_.violation || !fs::exists(mirror())) return;
    SQLite::Database database(mirror().string(), SQLite::OPEN_READONLY);
    if (const auto fault = oracle_.find_fault(database, world_, env_.elapsed())) violated(*fault);
    if (!is_finished_) return;
    if (const auto fault = truth_fault(database, world_, settings_, layout_changed_))
      violated("at rest: " + *fault);
    ++outcome_.counts["mirror checked"];
  }

  void check_missing() {
    if (expects_gone_ || disk_.is_faulty()) return;
    SQLite::Database database(mirror().string(), SQLite::OPEN_READONLY);
    if (const auto fault = missing_fault(database, world_, env_.elapsed())) violated(*fault);
  }

  void watch_bounds() {
    const std::size_t most = most_at_once_ = std::max(most_at_once_, settings_.concurrency);
    // Besides the workers: the ledger, the quota, a watchlist; witnesses and tries.
    if (life_->writer().pending() > most + 5) violated("the writer's queue is not bounded");
    if (api_.in_flight() > most + 8) violated("more calls are under way than there are workers");
  }

  const Schedule& schedule_;
  const SimulationOptions& options_;
  Settings settings_;
  Outcome outcome_;
  test::FakeEnv env_;
  Clockwork clockwork_{env_, schedule_.seed * 5 + 3};
  World world_;
  Oracle oracle_;
  Api api_;
  SimEvents events_;
  Disturbances disk_;
  fs::path folder_;
  int folders_ = 0;
  std::unique_ptr<Life> life_;
  std::size_t next_event_ = 0;
  std::uint64_t steps_ = 0;
  std::size_t most_at_once_ = 0;
  std::set<int> layout_changed_;
  std::optional<std::string> imposter_;
  bool expects_gone_ = false;
  bool is_quiet_ = false;
  bool is_finished_ = false;
  std::chrono::nanoseconds restart_after_{0};
  std::chrono::nanoseconds quiet_until_{0};
  std::optional<std::chrono::nanoseconds> starts_at_;
  std::optional<std::chrono::nanoseconds> steps_back_at_;
};

}  // namespace

Outcome simulate(const Schedule& schedule, const SimulationOptions& options) {
  return Simulation(schedule, options).play();
}

}  // namespace couponsync::sim
