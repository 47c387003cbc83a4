#include "sync/scheduler.h"

#include "sync/cost.h"
#include "sync/task_group.h"

#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <utility>

namespace couponsync {
namespace {

namespace asio = boost::asio;
using std::chrono::seconds;

/// Often enough that a kill loses little of what was learned, and seldom enough to cost nothing.
constexpr seconds kKeepQuotaEvery{10};
/// Takes the database thread about a tenth of a second.
constexpr std::size_t kPart = 10'000;

}  // namespace

Scheduler::Scheduler(Deps deps, Plan plan, const asio::any_io_executor& executor)
    : deps_(deps),
      executor_(executor),
      hints_({deps.env, queue_, deps.events, [this](ListingId listing) { crew_.hinted(listing); }}, executor),
      ledger_(deps.env, deps.writer, deps.events, plan.interval, executor),
      client_({deps.env, deps.rate, deps.pause, deps.events, deps.writer.request_orders()}, plan.session, {},
              executor),
      mirror_(deps.env, deps.events, executor),
      reader_({deps.env, client_, deps.writer, mirror_, deps.events}, {}),
      crew_({deps.env, deps.writer, deps.events, client_, mirror_, reader_, queue_, ledger_, hints_},
            executor),
      wanted_(plan.watchlist),
      next_watchlist_(plan.watchlist),
      changed_(executor) {
  use(plan);
}

void Scheduler::use(const Plan& plan) {
  if (&client_.session() != plan.session.get()) {
    client_.use(plan.session);
    client_.try_anew();
  }
  reader_.reconfigure({.interval = plan.interval, .watched = plan.watchlist->size()});
  ledger_.set_interval(plan.interval);
  crew_.resize(plan.concurrency);
}

void Scheduler::reload(Plan plan) {
  use(plan);
  added_due_ = added_due_.value_or(Standing::kAtOnce) - 1;
  wanted_ = plan.watchlist;
  next_watchlist_ = std::move(plan.watchlist);
  sync_all();
  changed_.notify_all();
}

void Scheduler::sync_all() {
  ledger_.open(RunTrigger::sighup, queue_.size());
  queue_.ask_all(tick_of(deps_.env.steady_now()));
  if (!next_watchlist_ && !is_adopting_) ledger_.expect_no_more();
  client_.try_refused_again();
  mirror_.try_again();
  crew_.look_again();
}

bool Scheduler::hint(std::string_view appid, const Openid& openid, HintSource source) {
  bool is_known = false;
  for (ListingKey key : wanted_->filters()) {
    if (!appid.empty() && key.appid != appid) continue;
    key.openid = openid;
    if (hint(fingerprint_of(key), source)) is_known = true;
  }
  return is_known;
}

/// One that the mirror does not watch yet is kept until it does.
bool Scheduler::hint(const Fingerprint& fingerprint, HintSource source) {
  const auto& wanted = wanted_->by_fingerprint();
  const auto found = std::ranges::lower_bound(wanted, fingerprint, {}, &ListingSet::Indexed::fingerprint);
  if (found == wanted.end() || found->fingerprint != fingerprint) return false;
  const auto watched = std::ranges::lower_bound(watched_, fingerprint, {}, &Watched::fingerprint);
  if (watched != watched_.end() && watched->fingerprint == fingerprint)
    hints_.hint(watched->id, source);
  else
    early_hints_.emplace(fingerprint, source);
  return true;
}

std::optional<seconds> Scheduler::next_due_in() const {
  const std::optional<Tick> due = queue_.next_due();
  if (!due) return std::nullopt;
  const std::int64_t now = tick_of(deps_.env.steady_now());
  return seconds(std::max<std::int64_t>(*due - now, 0));
}

std::size_t Scheduler::fresh(seconds max_age) const {
  const std::int64_t since = tick_of(deps_.env.steady_now()) - max_age.count();
  return queue_.census().fresh(static_cast<Tick>(std::max<std::int64_t>(since, Standing::kAtOnce)));
}

RunCounters Scheduler::counters() const {
  const RunCounters under_way = crew_.under_way();
  return sum_of(ledger_.counters(), under_way);
}

Task<Failure> Scheduler::run() {
  // It writes its last words even if it is cancelled, so it looks at its cancellation itself.
  co_await asio::this_coro::throw_if_cancelled(false);
  ledger_.open(RunTrigger::start, 0);
  TaskGroup tasks(executor_);
  tasks.spawn(adopt_for_ever());
  tasks.spawn(ledger_.keep());
  tasks.spawn(hints_.keep_looking());
  tasks.spawn(keep_quota_for_ever());
  tasks.spawn(work_until_the_end(tasks));
  co_await tasks.join();
  ledger_.close(true);
  // The mirror may take no rows: there is nobody left to be told.
  co_await ledger_.write();
  co_await keep_quota();
  co_await asio::this_coro::throw_if_cancelled(true);
  const std::optional<Failure>& end = crew_.mirror_failure();
  if (end && end->rule().remedy == Remedy::end) co_return *end;
  throw boost::system::system_error(asio::error::operation_aborted);
}

/// The last one of them to be spawned: it may end at once, where there is nothing to do.
Task<> Scheduler::work_until_the_end(TaskGroup& tasks) {
  co_await crew_.run();
  tasks.cancel();
}

Task<OnceReport> Scheduler::once(Once what) {
  co_await asio::this_coro::throw_if_cancelled(false);
  once_ = what;
  added_due_ = Standing::kAtOnce;
  crew_.read_once();
  OnceReport report;
  ledger_.open(RunTrigger::once, 0);
  // Before the first page, so that another `once` can tell what this one read.
  Result<> begun = co_await ledger_.write();
  if (begun.has_value()) begun = co_await adopt(std::exchange(next_watchlist_, nullptr));
  if (begun.has_error()) report.stopped_by = begun.error();
  if (const std::int64_t read = ledger_.counters().listings_ok; read > 0) deps_.events.once_continued(read);
  ledger_.expect_no_more();
  if (!report.stopped_by) {
    TaskGroup tasks(executor_);
    tasks.spawn(ledger_.keep());
    tasks.spawn(give_up_when_hopeless(what.patience, report.stopped_by));
    tasks.spawn(work_until_the_end(tasks));
    co_await tasks.join();
  }
  if (crew_.mirror_failure()) report.stopped_by = crew_.mirror_failure();
  const auto state = co_await asio::this_coro::cancellation_state;
  const bool was_cancelled = state.cancelled() != asio::cancellation_type::none;
  ledger_.close(was_cancelled);
  Result<> kept = co_await ledger_.write();
  if (kept.has_value()) kept = co_await keep_quota();
  if (kept.has_error() && !report.stopped_by) report.stopped_by = kept.error();
  co_await asio::this_coro::throw_if_cancelled(true);
  if (was_cancelled) throw boost::system::system_error(asio::error::operation_aborted);
  report.counters = ledger_.counters();
  co_return report;
}

Task<> Scheduler::give_up_when_hopeless(seconds patience, std::optional<Failure>& why) {
  Failure hopeless = co_await client_.hopeless(patience);
  why = std::move(hopeless);
  crew_.stop();
}

Task<> Scheduler::adopt_for_ever() {
  for (;;) {
    if (!next_watchlist_) {
      co_await changed_.wait();
      continue;
    }
    Valve::Pass pass = co_await mirror_.enter();
    std::shared_ptr<const ListingSet> wanted = std::exchange(next_watchlist_, nullptr);
    is_adopting_ = true;
    const Result<> adopted = co_await adopt(wanted);
    is_adopting_ = false;
    if (adopted.has_value()) continue;
    if (!next_watchlist_) next_watchlist_ = std::move(wanted);
    crew_.mirror_failed(pass, adopted.error());
    if (adopted.error().rule().remedy == Remedy::end) co_return;
  }
}

/// Makes these the watched listings, a part of them in each transaction, so that a stop, or the next
/// watchlist, can come in between even if there are a million of them.
Task<Result<>> Scheduler::adopt(std::shared_ptr<const ListingSet> wanted) {
  std::vector<ListingId> gone = stop_watching(*wanted);
  const Result<> unwatched = co_await unwatch(std::move(gone));
  if (unwatched.has_error()) co_return unwatched;
  const Result<> watched = co_await watch_unknown(*wanted);
  merge_added();
  if (watched.has_error() || is_superseded()) co_return watched;
  if (has_strays_) {
    const Result<> cleaned = co_await unwatch_strays();
    if (cleaned.has_error() || is_superseded()) co_return cleaned;
  }
  is_adopted_ = true;
  ledger_.expect_no_more();
  co_return Result<>{};
}

/// Those that are not wanted are read no more from now on.
std::vector<ListingId> Scheduler::stop_watching(const ListingSet& wanted) {
  std::vector<ListingId> gone;
  auto next = wanted.by_fingerprint().begin();
  const auto end = wanted.by_fingerprint().end();
  // Those whose rows another program deleted are to be added anew.
  const bool some_are_lost = !once_ && queue_.size() != watched_.size();
  std::erase_if(watched_, [&](const Watched& watched) {
    if (some_are_lost && !queue_.contains(watched.id)) return true;
    while (next != end && next->fingerprint < watched.fingerprint) ++next;
    if (next != end && next->fingerprint == watched.fingerprint) return false;
    gone.push_back(watched.id);
    return true;
  });
  for (const ListingId id : gone) {
    const std::optional<DueQueue::Removed> removed = queue_.remove(id);
    if (!removed) continue;
    ledger_.left(removed->accounted);
    hints_.forget(id);
    if (removed->is_taken) crew_.stop_reading(id);
  }
  if (!gone.empty()) client_.forget_witnesses();
  return gone;
}

Task<Result<>> Scheduler::unwatch(std::vector<ListingId> gone) {
  for (auto next = gone.begin(); next != gone.end();) {
    const auto end = next + std::min<std::ptrdiff_t>(kPart, gone.end() - next);
    std::vector<ListingId> part(next, end);
    const Result<> unwatched = co_await deps_.writer.unwatch(std::move(part));
    if (unwatched.has_error()) {
      has_strays_ = true;
      co_return unwatched;
    }
    mirror_.took_rows();
    next = end;
  }
  co_return Result<>{};
}

Task<Result<>> Scheduler::watch_unknown(const ListingSet& wanted) {
  std::vector<ListingSet::Indexed> unknown;
  auto known = watched_.begin();
  for (const ListingSet::Indexed& entry : wanted.by_fingerprint()) {
    while (known != watched_.end() && known->fingerprint < entry.fingerprint) ++known;
    if (known == watched_.end() || known->fingerprint != entry.fingerprint) unknown.push_back(entry);
  }
  std::ranges::sort(unknown, {}, &ListingSet::Indexed::index);
  for (auto next = unknown.begin(); next != unknown.end();) {
    if (is_superseded()) co_return Result<>{};
    const auto end = next + std::min<std::ptrdiff_t>(kPart, unknown.end() - next);
    std::vector<ListingKey> keys;
    keys.reserve(static_cast<std::size_t>(end - next));
    std::transform(next, end, std::back_inserter(keys),
                   [&](const ListingSet::Indexed& entry) { return wanted[entry.index]; });
    const Result<std::vector<Listing>> listings = co_await deps_.writer.watch(std::move(keys));
    if (listings.has_error()) co_return listings.error();
    mirror_.took_rows();
    for (const Listing& listing : *listings) add(listing, *next++);
    crew_.look_again();
  }
  co_return Result<>{};
}

/// Times that lie ahead are no times.
bool Scheduler::was_read_since(const Listing& listing, Instant since) const {
  if (!since || listing.next_page_token) return false;
  const UnixSeconds now = to_unix_seconds(deps_.env.wall_now());
  return is_recent(listing.last_completed_at, reader_.interval(), now) &&
         *listing.last_completed_at >= *since;
}

void Scheduler::add(const Listing& listing, const ListingSet::Indexed& entry) {
  added_.push_back({entry.fingerprint, listing.id});
  if (listing.failures == 0) client_.offer_witness(listing.key);
  Standing standing = standing_of(listing, reader_.due_times(), deps_.env);
  if (added_due_) standing.due = *added_due_;
  if (once_) {
    if (once_->chosen != nullptr && !(*once_->chosen)[entry.index]) return;
    if (was_read_since(listing, once_->since)) return ledger_.expect_already_read(1);
  }
  if (queue_.add(listing.id, standing, ledger_.accounted_for_new())) ledger_.expect(1);
}

void Scheduler::merge_added() {
  std::ranges::sort(added_, {}, &Watched::fingerprint);
  const auto middle = static_cast<std::ptrdiff_t>(watched_.size());
  watched_.insert(watched_.end(), added_.begin(), added_.end());
  std::ranges::inplace_merge(watched_, watched_.begin() + middle, {}, &Watched::fingerprint);
  added_ = {};
  for (const auto& [fingerprint, source] : std::exchange(early_hints_, {})) hint(fingerprint, source);
}

/// What the mirror watches, but no configuration this process has seen.
Task<Result<>> Scheduler::unwatch_strays() {
  std::vector<ListingId> known;
  known.reserve(watched_.size());
  for (const Watched& watched : watched_) known.push_back(watched.id);
  std::ranges::sort(known);
  std::vector<ListingId> strays;
  for (ListingId after = 0;;) {
    const Result<std::vector<ListingId>> part = co_await deps_.writer.watched_after(after, kPart);
    if (part.has_error()) co_return part.error();
    if (part->empty() || is_superseded()) break;
    std::ranges::set_difference(*part, known, std::back_inserter(strays));
    after = part->back();
  }
  if (is_superseded()) co_return Result<>{};
  has_strays_ = false;
  const Result<> unwatched = co_await unwatch(std::move(strays));
  co_return unwatched;
}

Task<> Scheduler::keep_quota_for_ever() {
  for (;;) {
    const SteadyTime until = deps_.env.steady_now() + kKeepQuotaEvery;
    co_await deps_.env.sleep_until(until);
    co_await keep_quota();  // if the mirror takes no rows, that is told where pages are written
  }
}

/// When the last cut was is the same, however long ago that is by now: a cut changes the pace.
bool Scheduler::is_known(const LearnedRate& learned) const {
  return quota_kept_ && learned.requests_per_second == quota_kept_->requests_per_second &&
         learned.peak_requests_per_second == quota_kept_->peak_requests_per_second;
}

Task<Result<>> Scheduler::keep_quota() {
  const std::optional<LearnedRate> learned = deps_.rate.learned(deps_.env.steady_now());
  if (!learned || is_known(*learned)) co_return Result<>{};
  const UnixSeconds observed_at = to_unix_seconds(deps_.env.wall_now());
  LearnedQuota quota;
  quota.requests_per_second = learned->requests_per_second;
  quota.peak_requests_per_second = learned->peak_requests_per_second;
  quota.last_cut_at = observed_at - learned->since_cut.count();
  quota.observed_at = observed_at;
  const Result<> kept = co_await deps_.writer.keep_quota(quota);
  if (kept.has_value()) quota_kept_ = learned;
  co_return kept;
}

}  // namespace couponsync
