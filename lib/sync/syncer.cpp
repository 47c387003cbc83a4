#include "sync/syncer.h"

#include "sync/reading_order.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <exception>
#include <span>
#include <utility>

namespace couponsync {
namespace {

namespace asio = boost::asio;

/// Often enough that a kill loses little of what was learned, and seldom enough to cost nothing.
constexpr std::chrono::seconds kKeepQuotaEvery{10};

/// For how long a `once` waits while no domain works.
constexpr std::chrono::seconds kPatienceOfOnce{40};
/// Among so many a few may fail by themselves.
constexpr std::size_t kMostCandidates = 8;

bool is_mirror_failure(const Failure& failure) { return failure.rule().remedy == Remedy::stop_writing; }

/// Of two reasons to stop, the one that is said, whichever came first.
int gravity_of(const Failure& failure) {
  if (failure.kind == FailureKind::mirror_gone) return 4;
  if (failure.kind == FailureKind::mirror_damaged) return 3;
  if (is_mirror_failure(failure)) return 2;
  return failure.rule().remedy == Remedy::stop_sending ? 1 : 0;
}

template <class Listings, class F>
std::vector<ListingKey> spread_over(const Listings& listings, const F& state_of) {
  std::vector<ListingKey> found;
  const std::size_t step = std::max<std::size_t>(listings.size() / kMostCandidates, 1);
  for (std::size_t i = 0; i < listings.size() && found.size() < kMostCandidates; i += step)
    if (const ListingState* state = state_of(listings[i]); state->failures == 0) found.push_back(state->key);
  return found;
}

}  // namespace

std::vector<ListingKey> witnesses_among(const std::vector<ListingState>& listings) {
  return spread_over(listings, [](const ListingState& listing) { return &listing; });
}

/// The run under way: who is next, and who failed.
struct Syncer::Run {
  RunTrigger trigger;
  UnixSeconds started_at = 0;
  std::vector<ListingState*> listings;
  std::size_t next = 0;
  std::vector<ListingState*> failed_in_passing;
  std::optional<Failure> stopped_by;
  bool left = false;
  std::exception_ptr thrown;

  bool is_over() const { return stopped_by || left; }
  std::span<ListingState* const> take() {
    if (is_over()) return {};
    const auto group = first_group(std::span(listings).subspan(next));
    next += group.size();
    return group;
  }
  void stop(const Failure& why) {
    if (!stopped_by || gravity_of(why) > gravity_of(*stopped_by)) stopped_by = why;
  }
};

Syncer::Syncer(Parts parts, Exchange exchange, SyncOptions options, boost::asio::any_io_executor executor)
    : parts_(parts),
      options_(options),
      executor_(std::move(executor)),
      ledger_(parts.writer, options.pager.interval),
      client_({parts.env, parts.rate, parts.domains, parts.pause, parts.events, counters_,
               parts.writer.request_orders()},
              std::move(exchange), options.client, executor_),
      pager_(parts.env, client_, parts.writer, parts.events, counters_, options.pager) {}

Task<RunReport> Syncer::run(RunTrigger trigger, std::vector<ListingState*> listings,
                            std::int64_t already_read) {
  // A cancelled run still stores its counters, so this coroutine looks at its cancellation itself.
  co_await asio::this_coro::throw_if_cancelled(false);
  const bool is_once = trigger == RunTrigger::once;
  const SteadyTime began = parts_.env.steady_now();
  Run run;
  run.trigger = trigger;
  run.started_at = to_unix_seconds(parts_.env.wall_now());
  run.listings = in_reading_order(std::move(listings));
  counters_ = RunCounters{};
  counters_.listings_total = static_cast<std::int64_t>(run.listings.size()) + already_read;
  counters_.listings_ok = already_read;
  client_.begin_run(is_once ? std::optional(kPatienceOfOnce) : std::nullopt, candidates(run));
  parts_.events.run_started(trigger, run.listings.size());

  const Result<> opened = co_await ledger_.open(trigger, run.started_at, began);
  if (opened.has_error()) run.stop(opened.error());
  co_await read_all(run);
  if (is_once) {
    take_failed_again(run);
    co_await read_all(run);
  }

  const auto state = co_await asio::this_coro::cancellation_state;
  const bool cancelled = state.cancelled() != asio::cancellation_type::none;
  const bool finished = !cancelled && (is_once || !run.is_over());
  if (is_once && finished) counters_.listings_failed = counters_.listings_total - counters_.listings_ok;
  counters_.seconds = std::chrono::duration<double>(parts_.env.steady_now() - began).count();
  if (ledger_.is_open()) {
    const Result<> kept = co_await keep_quota();
    if (kept.has_error()) run.stop(kept.error());
    Instant finished_at;
    if (finished) finished_at = to_unix_seconds(parts_.env.wall_now());
    const Result<> stored = co_await ledger_.close(counters_, finished_at);
    if (stored.has_error()) run.stop(stored.error());
  }
  co_await asio::this_coro::throw_if_cancelled(true);
  if (finished)
    parts_.events.run_finished(trigger, counters_);
  else
    parts_.events.run_interrupted(trigger, counters_);
  if (cancelled) throw boost::system::system_error(asio::error::operation_aborted);
  co_return RunReport{counters_, run.stopped_by, run.left};
}

/// Some of the run's listings, then the others that may be asked.
std::vector<ListingKey> Syncer::candidates(const Run& run) const {
  std::vector<ListingKey> found =
      spread_over(run.listings, [](const ListingState* listing) { return listing; });
  found.insert(found.end(), witnesses_.begin(), witnesses_.end());
  return found;
}

void Syncer::take_failed_again(Run& run) {
  run.listings = std::exchange(run.failed_in_passing, {});
  run.next = 0;
  counters_.listings_failed -= static_cast<std::int64_t>(run.listings.size());
}

Task<> Syncer::read_all(Run& run) {
  using asio::experimental::awaitable_operators::operator||;
  const auto state = co_await asio::this_coro::cancellation_state;
  if (state.cancelled() != asio::cancellation_type::none || run.is_over() || run.listings.empty()) co_return;
  // Whoever still reads when everything has stopped is cancelled, so that no listing fails for it.
  Task<> workers = run_workers(run);
  Task<> stopped = client_.stopped();
  const auto first = co_await (std::move(workers) || std::move(stopped));
  if (run.thrown) std::rethrow_exception(run.thrown);
  if (first.index() == 0) co_return;
  const std::optional<Failure> why = client_.why_stopped();
  if (why)
    run.stop(*why);
  else
    run.left = true;
}

Task<> Syncer::run_workers(Run& run) {
  // It ends when its workers have, cancelled or not.
  co_await asio::this_coro::throw_if_cancelled(false);
  using Worker = decltype(asio::co_spawn(executor_, work(run), asio::deferred));
  std::vector<Worker> workers;
  const std::size_t count = std::min(run.listings.size(), static_cast<std::size_t>(options_.concurrency));
  workers.reserve(count);
  for (std::size_t i = 0; i < count; ++i)
    workers.push_back(asio::co_spawn(executor_, work(run), asio::deferred));
  auto group = asio::experimental::make_parallel_group(std::move(workers));
  // One worker's exception is a defect or the end of the process: the others stop.
  const auto ended = co_await group.async_wait(asio::experimental::wait_for_one_error(), asio::use_awaitable);
  const auto state = co_await asio::this_coro::cancellation_state;
  if (state.cancelled() != asio::cancellation_type::none) co_return;
  for (const std::size_t first : std::get<0>(ended))
    if (const std::exception_ptr& thrown = std::get<1>(ended)[first]; thrown && !run.thrown)
      run.thrown = thrown;
}

Task<Result<>> Syncer::keep_quota() {
  const SteadyTime now = parts_.env.steady_now();
  const std::optional<LearnedRate> learned = parts_.rate.learned(now);
  if (!learned || learned == quota_kept_) co_return Result<>{};
  quota_kept_at_ = now;
  quota_kept_ = learned;
  const UnixSeconds observed_at = to_unix_seconds(parts_.env.wall_now());
  LearnedQuota quota;
  quota.requests_per_second = learned->requests_per_second;
  quota.peak_requests_per_second = learned->peak_requests_per_second;
  quota.last_cut_at = observed_at - learned->since_cut.count();
  quota.observed_at = observed_at;
  co_return co_await parts_.writer.keep_quota(quota);
}

Task<> Syncer::work(Run& run) {
  for (std::span<ListingState* const> group = run.take(); !group.empty(); group = run.take()) {
    const bool again = co_await read_group(run, group);
    if (again) co_await read_once_more(run, group);
  }
}

/// Whether coupons are searched for that another reading of the same listings may find.
Task<bool> Syncer::read_group(Run& run, std::span<ListingState* const> group) {
  bool all_read = true;
  std::int64_t searched_for = 0;
  for (ListingState* listing : group) {
    if (run.is_over()) co_return false;
    const Result<PageOutcome> result = co_await pager_.read(*listing, run.started_at);
    if (parts_.env.steady_now() - quota_kept_at_ >= kKeepQuotaEvery) {
      const Result<> kept = co_await keep_quota();
      if (kept.has_error()) run.stop(kept.error());
    }
    if (result.has_value()) {
      ++counters_.listings_ok;
      searched_for = result->searched_for;
      continue;
    }
    all_read = false;
    note_failure(run, *listing, result.error());
  }
  co_return all_read&& searched_for > 0;
}

Task<> Syncer::read_once_more(Run& run, std::span<ListingState* const> group) {
  for (ListingState* listing : group) {
    if (run.is_over()) co_return;
    const Result<PageOutcome> result = co_await pager_.read(*listing, run.started_at);
    if (result.has_value()) continue;
    --counters_.listings_ok;
    note_failure(run, *listing, result.error());
    co_return;
  }
}

void Syncer::note_failure(Run& run, ListingState& listing, const Failure& failure) {
  if (is_mirror_failure(failure)) return run.stop(failure);
  ++counters_.listings_failed;
  if (failure.rule().remedy == Remedy::repeat) run.failed_in_passing.push_back(&listing);
}

}  // namespace couponsync
