#pragma once

#include "base/failure.h"
#include "base/http.h"
#include "base/listing.h"
#include "base/time.h"
#include "store/records.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace couponsync {

/// What holds every call back for a while, whatever listing it is for.
enum class PauseCause {
  no_domain_works,  ///< single calls try
  too_fast,         ///< WeChat Pay asked for a pause, or refuses whatever is sent
};

struct Pause {
  PauseCause cause = PauseCause::no_domain_works;
  Failure why{};  ///< what calls meet
  UnixSeconds since = 0;
  Instant until{};  ///< when sending goes on; absent: as soon as a call gets through
  std::chrono::seconds lasted{0};
};

/// Who says from outside that a user's coupons changed.
enum class HintSource {
  request,       ///< a program of the brand's
  notification,  ///< WeChat Pay's own, forwarded
};

/// A listing was read to its end because of a hint.
struct HintedLook {
  HintSource source = HintSource::request;
  std::chrono::nanoseconds since_hint{0};
  int look = 1;              ///< the first, second, ... since the hint
  bool found = false;        ///< rows changed
  bool found_first = false;  ///< and had not in an earlier look
};

/// What happened, for logs, metrics and progress: this library itself never logs. Called on the io thread;
/// must not throw and must return at once. Every event has an empty body, so that a listener names only what
/// it wants.
class Events {
 public:
  virtual ~Events() = default;

  /// A start, a SIGHUP or a `once` asks for so many listings; what is read besides is told at its end alone.
  virtual void run_started(RunTrigger /*trigger*/, std::size_t /*listings*/) {}
  /// The last `once` was interrupted; what it had read to its end is not read again.
  virtual void once_continued(std::int64_t /*listings*/) {}
  virtual void run_finished(RunTrigger /*trigger*/, const RunCounters& /*counters*/) {}
  /// The run was cancelled; what it committed stays, what it had not finished goes on at its bookmarks.
  virtual void run_interrupted(RunTrigger /*trigger*/, const RunCounters& /*counters*/) {}

  virtual void listing_resumed(const ListingKey& /*key*/, std::int64_t /*pages_done*/) {}
  /// The listing's bookmark is too old to go on from: it is read from its start.
  virtual void bookmark_expired(const ListingKey& /*key*/, std::int64_t /*pages_done*/) {}
  virtual void page_committed(const ListingKey& /*key*/, std::int64_t /*page_index*/,
                              const PageOutcome& /*outcome*/) {}
  /// A page of a part of the listing was stored.
  virtual void part_committed(const ListingKey& /*key*/, const PageOutcome& /*outcome*/) {}
  virtual void listing_completed(const ListingKey& /*key*/, const PageOutcome& /*last_page*/) {}
  /// Some coupons were not listed; the listing is read again to be sure that they are missing.
  virtual void listing_read_again(const ListingKey& /*key*/, const PageOutcome& /*last_page*/) {}
  /// Its bookmark was refused or its pages made no sense; the listing is read again from its start.
  virtual void listing_restarted(const ListingKey& /*key*/, const Failure& /*why*/) {}
  virtual void listing_failed(const ListingKey& /*key*/, const Failure& /*why*/,
                              std::chrono::seconds /*again_in*/) {}
  /// What a page held that is not as documented: "PATH: WHAT", no values.
  virtual void oddities_found(const ListingKey& /*key*/, const std::vector<std::string>& /*oddities*/) {}

  virtual void hint_followed(const HintedLook& /*look*/) {}
  /// A reading that got to its end changed so many rows, 0 among them; `hinted`: somebody had said so.
  virtual void changes_found(std::int64_t /*changes*/, bool /*hinted*/) {}

  virtual void call_started(Domain /*domain*/) {}
  /// The end of each call that started; `failure` is null if a page came.
  virtual void call_ended(Domain /*domain*/, const Failure* /*failure*/, std::chrono::nanoseconds /*took*/) {}
  /// The end of a call that was cancelled, instead of `call_ended`.
  virtual void call_cancelled(Domain /*domain*/) {}
  virtual void attempt_failed(const ListingKey& /*key*/, Domain /*domain*/, const Failure& /*why*/,
                              std::chrono::milliseconds /*again_in*/) {}
  virtual void rate_limited(const ListingKey& /*key*/, Domain /*domain*/, const Failure& /*reply*/) {}
  virtual void domain_tripped(Domain /*domain*/, const Failure& /*why*/) {}
  virtual void domain_restored(Domain /*domain*/) {}

  /// Nothing is sent for now: when that has lasted for some seconds, when its end moved, and once a minute.
  virtual void sending_paused(const Pause& /*pause*/) {}
  /// It is over, after `lasted`; only where it was told.
  virtual void sending_resumed(const Pause& /*pause*/) {}
  /// The API refused the credentials: nothing is sent until the probe in `again_in`.
  virtual void sending_stopped(const Failure& /*why*/, std::chrono::seconds /*again_in*/) {}
  /// A call was accepted: sending goes on.
  virtual void refusal_over() {}
  /// The mirror takes no rows: nothing is read until the next try in `again_in`.
  virtual void writing_stopped(const Failure& /*why*/, std::chrono::seconds /*again_in*/) {}
  /// It takes rows again.
  virtual void writing_resumed() {}
};

}  // namespace couponsync
