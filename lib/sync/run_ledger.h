#pragma once

#include "base/env.h"
#include "base/task.h"
#include "store/writer.h"
#include "sync/condition.h"
#include "sync/due_queue.h"
#include "sync/events.h"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstddef>
#include <list>
#include <optional>

namespace couponsync {

/// Keeps the books: the `sync_run` rows. It decides nothing, and nothing waits for it.
///
/// A pass is what a start, a SIGHUP or a `once` asks for: that every listing watched then is read. Its row is
/// closed when each was read, or failed, in a reading that began after it was opened, or is watched no more.
/// What is read besides counts for an `interval` row, which covers an interval's work, and a minute's at
/// least. Each reading's cost is in one row. On the io thread; what it is given by reference outlives it.
class RunLedger {
 public:
  /// What a reading counts for: the passes that were opened after the listing was accounted for last, as far
  /// as the reading began after them.
  struct Account {
    PassNumber accounted = 0;
    PassNumber began = 0;
  };

  RunLedger(Env& env, Writer& writer, Events& events, std::chrono::seconds interval,
            const boost::asio::any_io_executor& executor);

  void set_interval(std::chrono::seconds interval);

  /// Opens a pass over so many listings, and as many more as `expect` says until `expect_no_more`. It takes
  /// the place of the last one for the same reason where nothing was read for that yet, or several are open.
  void open(RunTrigger trigger, std::size_t listings);
  void expect(std::size_t listings);
  /// So many of the listings were read to their end before the pass was opened.
  void expect_already_read(std::size_t listings);
  void expect_no_more();
  /// What a listing that is watched from now on has been accounted for: all passes but one that expects more.
  PassNumber accounted_for_new() const;
  /// The newest pass; 0 if there was none.
  PassNumber newest() const { return newest_; }

  void add(const Account& account, const RunCounters& cost);
  void reading_ended(const Account& account, bool is_read);
  /// The listing is watched no more.
  void left(PassNumber accounted);

  /// The newest pass's, for progress.
  const RunCounters& counters() const { return counters_; }

  /// Writes the rows as they change, until it is cancelled.
  Task<> keep();
  /// Writes what is not written yet.
  Task<Result<>> write();
  /// Closes what is open: what a pass still lacks counts as failed; or, if it was interrupted, it stays
  /// unfinished.
  void close(bool was_interrupted);

 private:
  struct Row {
    RunTrigger trigger = RunTrigger::interval;
    PassNumber number = 0;  ///< 0: no pass
    std::size_t remaining = 0;
    bool expects_more = false;
    bool is_announced = false;
    UnixSeconds started_at = 0;
    SteadyTime began{};
    RunCounters counters{};
    std::optional<RunId> id{};
    bool is_closed = false;
    Instant finished_at{};
    bool is_changed = false;  ///< since it was written
    SteadyTime written_at{};
  };

  Row* replaceable(RunTrigger trigger);
  Row& new_row(RunTrigger trigger);
  Row& row_of(const Account& account);
  Row* expecting();
  bool counts_for(const Row& row, const Account& account) const;
  void close_if_done(Row& row);
  void close(Row& row, bool was_interrupted);
  void close_interval_if_over();
  void note_change(Row& row);
  bool must_be_written(const Row& row) const;
  Task<Result<>> write(Row& row);

  Env& env_;
  Writer& writer_;
  Events& events_;
  std::chrono::seconds span_;
  PassNumber newest_ = 0;
  std::list<Row> rows_;
  RunCounters counters_;
  bool is_urgent_ = false;  ///< a row was opened or closed
  Condition changed_;
};

}  // namespace couponsync
