#pragma once

#include "base/env.h"
#include "base/listing.h"
#include "sync/condition.h"
#include "sync/due_queue.h"
#include "sync/events.h"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <unordered_map>

namespace couponsync {

/// Whether looking again pays: most such looks must be made before it is known, then a few go on telling.
class LookWorth {
 public:
  /// The next one is to be made.
  bool is_due();
  void made(bool found) {
    ++made_;
    if (found) ++found_;
  }

 private:
  std::int64_t made_ = 0;
  std::int64_t found_ = 0;
  std::int64_t passed_over_ = 0;
};

/// Follows each listing that somebody outside says has changed, until it was looked at often enough. WeChat
/// Pay does not say whether a listing shows a change at the moment it is notified of, so a listing is read
/// once more a while after the hint: soon and again later where the first look found nothing, once where it
/// found something; how often that finds what the look before did not is counted, and where it does not pay
/// it is done seldom. A hint of a listing that is followed already begins anew: however many there are, a
/// listing takes one entry. On the io thread; what it is given by reference outlives it.
class Hints {
 public:
  struct Deps {
    Env& env;
    DueQueue& queue;
    Events& events;
    std::function<void(ListingId)> hinted;  ///< told after the queue
  };

  Hints(Deps deps, const boost::asio::any_io_executor& executor)
      : deps_(std::move(deps)), changed_(executor) {}

  /// The listing is read next. Nothing if it is not watched.
  void hint(ListingId listing, HintSource source);
  /// A reading that began then got to its end, and changed so many rows.
  void reading_ended(ListingId listing, SteadyTime began, std::int64_t changes);
  /// It is watched no more.
  void forget(ListingId listing);
  /// Asks for what is to be looked at again when it is time to; until it is cancelled.
  Task<> keep_looking();

  /// Listings that are followed.
  std::size_t size() const { return followed_.size(); }

 private:
  using Agenda = std::multimap<SteadyTime, ListingId>;
  struct Followed {
    SteadyTime hinted_at;
    HintSource source;
    int looks = 0;
    bool has_found = false;
    Agenda::iterator again;  ///< the end of `agenda_`: not planned
  };
  using Entry = std::unordered_map<ListingId, Followed>::iterator;

  void plan(Entry entry, std::chrono::seconds in);
  void unplan(Followed& followed);
  void forget(Entry entry);

  Deps deps_;
  Condition changed_;
  std::unordered_map<ListingId, Followed> followed_;
  Agenda agenda_;  ///< when which is asked for again
  LookWorth after_nothing_;
  LookWorth after_something_;
};

}  // namespace couponsync
