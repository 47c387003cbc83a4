#pragma once

#include "base/env.h"
#include "store/writer.h"
#include "sync/client.h"
#include "sync/due_times.h"
#include "sync/events.h"

#include <chrono>
#include <cstddef>
#include <optional>
#include <unordered_set>

namespace couponsync {

struct PagerOptions {
  std::chrono::seconds interval{900};  ///< how long a listing that was read to its end stays fresh
  std::size_t watched = 1;             ///< listings there are, over which the interval's load is spread
};

/// Reads one listing from its bookmark to its end, one page after another: a page is in the mirror before the
/// next one is asked for, so the listing goes on behind its last committed page whatever happens. It is read
/// again from its start, once each, where its bookmark or its pages made no sense, and where coupons seem to
/// be missing, to be sure of it. A bookmark is good for minutes: what its pages showed earlier is old by
/// then, and the reading begins anew. A reading that had a break is complete, and due again soon. On the io
/// thread.
class Pager {
 public:
  Pager(Env& env, Client& client, Writer& writer, Events& events, RunCounters& counters, PagerOptions options)
      : env_(env),
        client_(client),
        writer_(writer),
        events_(events),
        counters_(counters),
        options_(options),
        due_times_(options.interval, options.watched) {}

  /// Keeps `listing` equal to its row in the mirror. `run_started_at` is what the next due time counts from.
  /// Returns what the last page did. Fails with what ended the listing; by then the failure is in the mirror,
  /// unless it is the mirror that failed. Cancellable; a page being committed still is.
  Task<Result<PageOutcome>> read(ListingState& listing, UnixSeconds run_started_at);

 private:
  struct Reading;

  Task<Result<PageOutcome>> read_to_end(ListingState& listing, Reading& reading);
  Task<Result<PageOutcome>> commit(ListingState& listing, Reading& reading, FetchedPage fetched);
  Task<Result<>> restart(ListingState& listing, Reading& reading, Failure why);
  Task<Failure> fail(ListingState& listing, const Reading& reading, Failure why);
  void begin(Reading& reading) const;
  bool resume(const ListingState& listing, Reading& reading) const;
  bool is_too_old(const Reading& reading) const;
  UnixSeconds next_due(const ListingState& listing, const Reading& reading) const;
  std::chrono::seconds retry_delay(const ListingState& listing, const Failure& why);
  static Failure inconsistency(const PageOutcome& outcome, const std::string& request_id);
  std::optional<Failure> page_loop(const Reading& reading, const FetchedPage& fetched) const;

  Env& env_;
  Client& client_;
  Writer& writer_;
  Events& events_;
  RunCounters& counters_;
  PagerOptions options_;
  DueTimes due_times_;
};

}  // namespace couponsync
