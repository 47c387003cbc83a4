#pragma once

#include "base/env.h"
#include "store/writer.h"
#include "sync/client.h"
#include "sync/due_times.h"
#include "sync/events.h"
#include "sync/listing_reading.h"
#include "sync/mirror_gate.h"

#include <chrono>
#include <cstddef>

namespace couponsync {

struct ListingReaderOptions {
  std::chrono::seconds interval{900};  ///< how long a listing that was read to its end stays fresh
  std::size_t watched = 1;             ///< listings there are, over which the interval's load is spread
};

/// Reads one listing from its bookmark to its end, one page after another, as ListingReading decides: a page
/// is in the mirror before the next one is asked for, so that the listing goes on behind its last committed
/// page whatever happens. On the io thread; what it is given by reference outlives it.
class ListingReader {
 public:
  struct Deps {
    Env& env;
    Client& client;
    Writer& writer;
    MirrorGate& mirror;  ///< is told of the rows that were stored
    Events& events;
  };

  ListingReader(Deps deps, ListingReaderOptions options) : deps_(deps) { reconfigure(options); }

  /// Holds for readings that begin from now on, and for the due times of those under way.
  void reconfigure(ListingReaderOptions options);
  const DueTimes& due_times() const { return due_times_; }
  std::chrono::seconds interval() const { return options_.interval; }

  /// Keeps `listing` equal to its row in the mirror, and adds to `cost` what it costs as it goes. `due_from`
  /// is what the next due time counts from; `urgency` may rise meanwhile. Returns what the last page did.
  /// Fails with what ended the listing; by then the failure is in the mirror, unless it is the mirror that
  /// failed. Cancellable; a page being committed still is.
  Task<Result<PageOutcome>> read(Listing& listing, UnixSeconds due_from, const Urgency& urgency,
                                 RunCounters& cost);

 private:
  struct Due {
    UnixSeconds from = 0;  ///< what the next due time counts from
    bool is_late = false;
  };

  Task<Result<PageOutcome>> commit(Listing& listing, const ListingReading& reading, FetchedPage fetched,
                                   std::int64_t page_index, Due due, RunCounters& cost);
  Task<Failure> fail(Listing& listing, const ListingReading& reading, Failure why);
  ListingReading::Now now() const;
  bool was_due_long_before(const Listing& listing, UnixSeconds now) const;
  UnixSeconds next_due(const Listing& listing, const ListingReading& reading, Due due) const;
  std::chrono::seconds retry_delay(const Listing& listing, const Failure& why);

  Deps deps_;
  ListingReaderOptions options_;
  DueTimes due_times_{std::chrono::seconds(1), 0};
};

}  // namespace couponsync
