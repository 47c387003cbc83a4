#include "sync/run_ledger.h"

#include <algorithm>

namespace couponsync {
namespace {

constexpr std::chrono::seconds kShortestSpan{60};

}  // namespace

RunCounters sum_of(const RunCounters& a, const RunCounters& b) {
  RunCounters sum;
  for (const auto member :
       {&RunCounters::listings_total, &RunCounters::listings_ok, &RunCounters::listings_failed,
        &RunCounters::pages, &RunCounters::requests, &RunCounters::coupons_seen, &RunCounters::inserted,
        &RunCounters::updated, &RunCounters::unchanged, &RunCounters::missing, &RunCounters::rate_limited,
        &RunCounters::retries, &RunCounters::failovers, &RunCounters::bytes})
    sum.*member = a.*member + b.*member;
  sum.seconds = a.seconds + b.seconds;
  return sum;
}

RunLedger::RunLedger(Writer& writer, std::chrono::seconds interval)
    : writer_(writer), span_(std::max(interval, kShortestSpan)) {}

Task<Result<>> RunLedger::open(RunTrigger trigger, UnixSeconds started_at, SteadyTime now) {
  is_open_ = true;
  const bool shares =
      row_ && trigger == RunTrigger::interval && row_->trigger == trigger && now - row_->began < span_;
  if (shares) co_return Result<>{};
  row_.reset();
  const Result<RunId> id = co_await writer_.start_run(trigger, started_at);
  is_open_ = id.has_value();
  if (id.has_error()) co_return id.error();
  row_ = Row{.id = *id, .trigger = trigger, .began = now, .counters = {}};
  co_return Result<>{};
}

Task<Result<>> RunLedger::close(RunCounters counters, Instant finished_at) {
  is_open_ = false;
  row_->counters = sum_of(row_->counters, counters);
  const Result<> stored = co_await writer_.finish_run(row_->id, row_->counters, finished_at);
  co_return stored;
}

}  // namespace couponsync
