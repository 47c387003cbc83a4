#include "sync/syncer.h"

#include "sync/reading_order.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/error.hpp>
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

bool is_mirror_failure(const Failure& failure) { return failure.rule().remedy == Remedy::stop_writing; }

}  // namespace

/// The run under way: who is next, and who failed.
struct Syncer::Run {
  RunTrigger trigger;
  UnixSeconds started_at = 0;
  std::vector<ListingState*> listings;
  std::size_t next = 0;
  std::vector<ListingState*> failed_in_passing;
  std::optional<Failure> stopped_by;

  std::span<ListingState* const> take() {
    if (stopped_by) return {};
    const auto group = first_group(std::span(listings).subspan(next));
    next += group.size();
    return group;
  }
};

Syncer::Syncer(Parts parts, Exchange exchange, SyncOptions options, boost::asio::any_io_executor executor)
    : parts_(parts),
      options_(options),
      executor_(std::move(executor)),
      client_({parts.env, parts.rate, parts.domains, parts.events, counters_, parts.writer.request_orders()},
              std::move(exchange), options.client, executor_),
      pager_(parts.env, client_, parts.writer, parts.events, counters_, options.pager) {}

Task<RunReport> Syncer::run(RunTrigger trigger, std::vector<ListingState*> listings,
                            std::int64_t already_read) {
  // A cancelled run still stores its counters, so this coroutine looks at its cancellation itself.
  co_await asio::this_coro::throw_if_cancelled(false);
  const SteadyTime began = parts_.env.steady_now();
  Run run;
  run.trigger = trigger;
  run.started_at = to_unix_seconds(parts_.env.wall_now());
  run.listings = in_reading_order(std::move(listings));
  counters_ = RunCounters{};
  counters_.listings_total = static_cast<std::int64_t>(run.listings.size()) + already_read;
  counters_.listings_ok = already_read;
  client_.begin_run();
  parts_.events.run_started(trigger, run.listings.size());

  const Result<RunId> id = co_await parts_.writer.start_run(trigger, run.started_at);
  if (id.has_error()) run.stopped_by = id.error();
  co_await read_all(run);
  if (trigger == RunTrigger::once) {
    take_failed_again(run);
    co_await read_all(run);
  }

  const auto state = co_await asio::this_coro::cancellation_state;
  const bool interrupted = state.cancelled() != asio::cancellation_type::none;
  if (!interrupted) counters_.listings_failed = counters_.listings_total - counters_.listings_ok;
  counters_.seconds = std::chrono::duration<double>(parts_.env.steady_now() - began).count();
  if (id.has_value()) {
    const Result<> kept = co_await keep_quota();
    if (kept.has_error() && !run.stopped_by) run.stopped_by = kept.error();
    Instant finished_at;
    if (!interrupted) finished_at = to_unix_seconds(parts_.env.wall_now());
    const Result<> stored = co_await parts_.writer.finish_run(*id, counters_, finished_at);
    if (stored.has_error() && !run.stopped_by) run.stopped_by = stored.error();
  }
  co_await asio::this_coro::throw_if_cancelled(true);
  if (interrupted) {
    parts_.events.run_interrupted(trigger, counters_);
    throw boost::system::system_error(asio::error::operation_aborted);
  }
  parts_.events.run_finished(trigger, counters_);
  co_return RunReport{counters_, run.stopped_by};
}

void Syncer::take_failed_again(Run& run) const {
  run.listings = std::exchange(run.failed_in_passing, {});
  run.next = 0;
}

Task<> Syncer::read_all(Run& run) {
  const auto state = co_await asio::this_coro::cancellation_state;
  if (state.cancelled() != asio::cancellation_type::none || run.stopped_by || run.listings.empty()) co_return;
  using Worker = decltype(asio::co_spawn(executor_, work(run), asio::deferred));
  std::vector<Worker> workers;
  const std::size_t count = std::min(run.listings.size(), static_cast<std::size_t>(options_.concurrency));
  workers.reserve(count);
  for (std::size_t i = 0; i < count; ++i)
    workers.push_back(asio::co_spawn(executor_, work(run), asio::deferred));
  auto group = asio::experimental::make_parallel_group(std::move(workers));
  // One worker's exception is a defect or the end of the process: the others stop.
  const auto ended = co_await group.async_wait(asio::experimental::wait_for_one_error(), asio::use_awaitable);
  const auto after = co_await asio::this_coro::cancellation_state;
  if (after.cancelled() != asio::cancellation_type::none) co_return;
  for (const std::size_t first : std::get<0>(ended))
    if (const std::exception_ptr& thrown = std::get<1>(ended)[first]) std::rethrow_exception(thrown);
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
    if (run.stopped_by) co_return false;
    const Result<PageOutcome> result = co_await pager_.read(*listing, run.started_at);
    if (parts_.env.steady_now() - quota_kept_at_ >= kKeepQuotaEvery) {
      const Result<> kept = co_await keep_quota();
      if (kept.has_error() && !run.stopped_by) run.stopped_by = kept.error();
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
    if (run.stopped_by) co_return;
    const Result<PageOutcome> result = co_await pager_.read(*listing, run.started_at);
    if (result.has_value()) continue;
    --counters_.listings_ok;
    note_failure(run, *listing, result.error());
    co_return;
  }
}

void Syncer::note_failure(Run& run, ListingState& listing, const Failure& failure) const {
  if (!run.stopped_by && (is_mirror_failure(failure) || client_.refusal())) run.stopped_by = failure;
  if (failure.rule().remedy == Remedy::repeat) run.failed_in_passing.push_back(&listing);
}

}  // namespace couponsync
