#include "sync/run_ledger.h"

#include "sync/cost.h"

#include <algorithm>
#include <utility>

namespace couponsync {
namespace {

using std::chrono::seconds;

constexpr seconds kShortestSpan{60};
/// What a row tells of work under way may be so old.
constexpr seconds kWriteEvery{60};
constexpr seconds kWriteAgain{30};
/// More passes for one reason at a time are too many to tell apart.
constexpr std::ptrdiff_t kMostOfOneTrigger = 2;

}  // namespace

RunLedger::RunLedger(Env& env, Writer& writer, Events& events, seconds interval,
                     const boost::asio::any_io_executor& executor)
    : env_(env),
      writer_(writer),
      events_(events),
      span_(std::max(interval, kShortestSpan)),
      changed_(executor) {}

void RunLedger::set_interval(seconds interval) { span_ = std::max(interval, kShortestSpan); }

void RunLedger::open(RunTrigger trigger, std::size_t listings) {
  close_interval_if_over();
  Row* row = replaceable(trigger);
  if (row == nullptr) row = &new_row(trigger);
  row->number = ++newest_;
  row->remaining = listings;
  row->expects_more = true;
  row->counters.listings_total = static_cast<std::int64_t>(listings);
  row->counters.listings_ok = 0;
  row->counters.listings_failed = 0;
  note_change(*row);
}

RunLedger::Row* RunLedger::replaceable(RunTrigger trigger) {
  const auto is_open = [trigger](const Row& row) { return row.trigger == trigger && !row.is_closed; };
  const auto last = std::ranges::find_if(rows_.rbegin(), rows_.rend(), is_open);
  if (last == rows_.rend()) return nullptr;
  const bool has_begun = last->counters.listings_ok + last->counters.listings_failed > 0;
  if (has_begun && std::ranges::count_if(rows_, is_open) < kMostOfOneTrigger) return nullptr;
  return &*last;
}

RunLedger::Row& RunLedger::new_row(RunTrigger trigger) {
  Row& row = rows_.emplace_back();
  row.trigger = trigger;
  row.began = env_.steady_now();
  row.started_at = to_unix_seconds(env_.wall_now());
  is_urgent_ = true;
  changed_.notify_all();
  return row;
}

RunLedger::Row* RunLedger::expecting() {
  const auto found = std::ranges::find_if(rows_.rbegin(), rows_.rend(), &Row::expects_more);
  return found == rows_.rend() ? nullptr : &*found;
}

void RunLedger::expect(std::size_t listings) {
  if (Row* row = expecting()) {
    row->remaining += listings;
    row->counters.listings_total += static_cast<std::int64_t>(listings);
    note_change(*row);
  }
}

void RunLedger::expect_already_read(std::size_t listings) {
  if (Row* row = expecting()) {
    row->counters.listings_total += static_cast<std::int64_t>(listings);
    row->counters.listings_ok += static_cast<std::int64_t>(listings);
    note_change(*row);
  }
}

PassNumber RunLedger::accounted_for_new() const {
  const bool expects = std::ranges::any_of(
      rows_, [this](const Row& row) { return row.expects_more && row.number == newest_; });
  return expects ? newest_ - 1 : newest_;
}

void RunLedger::expect_no_more() {
  for (Row& row : rows_) {
    if (!std::exchange(row.expects_more, false)) continue;
    if (!std::exchange(row.is_announced, true))
      events_.run_started(row.trigger, static_cast<std::size_t>(row.counters.listings_total));
    close_if_done(row);
  }
}

bool RunLedger::counts_for(const Row& row, const Account& account) const {
  return !row.is_closed && row.number > account.accounted && row.number <= account.began;
}

RunLedger::Row& RunLedger::row_of(const Account& account) {
  for (Row& row : rows_)
    if (counts_for(row, account)) return row;
  close_interval_if_over();
  const auto found = std::ranges::find_if(
      rows_, [](const Row& row) { return row.trigger == RunTrigger::interval && !row.is_closed; });
  return found == rows_.end() ? new_row(RunTrigger::interval) : *found;
}

void RunLedger::add(const Account& account, const RunCounters& cost) {
  Row& row = row_of(account);
  row.counters = sum_of(row.counters, cost);
  note_change(row);
}

void RunLedger::reading_ended(const Account& account, bool is_read) {
  const auto count = [this, is_read](Row& row) {
    ++(is_read ? row.counters.listings_ok : row.counters.listings_failed);
    note_change(row);
  };
  bool is_of_a_pass = false;
  for (Row& row : rows_) {
    if (!counts_for(row, account)) continue;
    is_of_a_pass = true;
    count(row);
    --row.remaining;
    close_if_done(row);
  }
  if (is_of_a_pass) return;
  Row& row = row_of(account);
  ++row.counters.listings_total;
  count(row);
}

void RunLedger::left(PassNumber accounted) {
  for (Row& row : rows_) {
    if (!counts_for(row, {accounted, newest_})) continue;
    --row.remaining;
    --row.counters.listings_total;
    note_change(row);
    close_if_done(row);
  }
}

void RunLedger::close_if_done(Row& row) {
  if (row.number > 0 && row.remaining == 0 && !row.expects_more) close(row, false);
}

void RunLedger::close(Row& row, bool was_interrupted) {
  row.is_closed = true;
  row.counters.seconds = std::chrono::duration<double>(env_.steady_now() - row.began).count();
  if (!was_interrupted) row.finished_at = to_unix_seconds(env_.wall_now());
  is_urgent_ = true;
  changed_.notify_all();
  note_change(row);
  // That it is finished is told when its row says so.
  if (was_interrupted) events_.run_interrupted(row.trigger, row.counters);
}

void RunLedger::close_interval_if_over() {
  for (Row& row : rows_)
    if (row.number == 0 && !row.is_closed && env_.steady_now() - row.began >= span_) close(row, false);
}

void RunLedger::close(bool was_interrupted) {
  for (Row& row : rows_) {
    if (row.is_closed) continue;
    const bool is_pass = row.number > 0;
    if (is_pass && !was_interrupted)
      row.counters.listings_failed = row.counters.listings_total - row.counters.listings_ok;
    close(row, is_pass && was_interrupted);
  }
}

void RunLedger::note_change(Row& row) {
  row.is_changed = true;
  if (row.number == newest_ && newest_ > 0) counters_ = row.counters;
}

bool RunLedger::must_be_written(const Row& row) const {
  if (!row.id || row.is_closed) return true;
  return row.is_changed && env_.steady_now() - row.written_at >= kWriteEvery;
}

Task<> RunLedger::keep() {
  for (;;) {
    const Result<> written = co_await write();
    // What was opened or closed meanwhile is not waited with.
    if (written.has_value() && is_urgent_) continue;
    SteadyTime until = env_.steady_now() + (written.has_value() ? kWriteEvery : kWriteAgain);
    for (const Row& row : rows_)
      if (row.number == 0 && !row.is_closed) until = std::min(until, row.began + span_);
    if (written.has_value())
      co_await changed_.wait_until(env_, until);
    else
      co_await env_.sleep_until(until);
    close_interval_if_over();
  }
}

Task<Result<>> RunLedger::write() {
  is_urgent_ = false;
  for (auto row = rows_.begin(); row != rows_.end();) {
    if (must_be_written(*row)) {
      const Result<> written = co_await write(*row);
      if (written.has_error()) {
        is_urgent_ = true;
        co_return written;
      }
    }
    const bool is_done = row->is_closed && !row->is_changed;
    row = is_done ? rows_.erase(row) : std::next(row);
  }
  co_return Result<>{};
}

Task<Result<>> RunLedger::write(Row& row) {
  if (!row.id) {
    const Result<RunId> id = co_await writer_.start_run(row.trigger, row.started_at);
    if (id.has_error()) co_return id.error();
    row.id = *id;
    row.written_at = env_.steady_now();
  }
  // What changes while it is being stored, its end among that, is still to be written.
  if (!std::exchange(row.is_changed, false)) co_return Result<>{};
  if (!row.is_closed)
    row.counters.seconds = std::chrono::duration<double>(env_.steady_now() - row.began).count();
  row.written_at = env_.steady_now();
  const Result<> stored = co_await writer_.finish_run(*row.id, row.counters, row.finished_at);
  if (stored.has_error()) row.is_changed = true;
  if (!row.is_changed && row.finished_at) events_.run_finished(row.trigger, row.counters);
  co_return stored;
}

}  // namespace couponsync
