#pragma once

#include "base/failure.h"
#include "base/time.h"
#include "store/records.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>

namespace couponsync {

/// The decisions of one reading of a listing, from its bookmark or its start to its end. Pure: it is told
/// what came and says what is to be done; ListingReader does it.
///
/// A reading begins anew once for each of three reasons: its bookmark or its pages made no sense (restarted),
/// it stood still for so long that its first pages are old (renewed), and coupons seem to be missing, of
/// which only another reading with the same result makes sure (confirming). A bookmark is good for minutes: a
/// reading taken up again after a break is complete at its end, and due again soon.
class ListingReading {
 public:
  enum class State { reading, resumed, restarted, renewed, confirming, complete, failed };

  struct Now {
    UnixSeconds wall = 0;
    SteadyTime steady{};
  };

  /// What is to be done next.
  struct Step {
    enum class Action {
      fetch,    ///< the page `page_token()`
      commit,   ///< the page that came
      restart,  ///< drop the bookmark, then fetch
      fail,     ///< record `why`, and drop the bookmark first if `drops_bookmark()`
      finish,   ///< nothing: it is complete
    };
    Action action = Action::fetch;
    std::optional<Failure> why{};  ///< of `restart` and `fail`
  };

  /// Takes the listing up at its bookmark, if that is good. `interval` as in ListingReaderOptions.
  ListingReading(const Listing& listing, std::chrono::seconds interval, Now now);

  State state() const { return state_; }
  /// The listing had a bookmark that is too old to go on from, or from a clock that was ahead.
  bool has_expired_bookmark() const { return has_expired_bookmark_; }

  const std::optional<std::string>& page_token() const { return page_token_; }
  std::int64_t page_index() const { return page_index_; }
  UnixSeconds started_at() const { return started_at_; }
  /// Its first request.
  RequestOrder began() const { return began_; }
  /// It had a break: no picture of one moment.
  bool is_broken() const { return is_broken_; }

  /// A page came, for a request of that number.
  Step fetched(const Page& page, const std::string& request_id, RequestOrder sent, Now now);
  /// None came.
  Step not_fetched(Failure why);
  /// The page is in the mirror.
  Step committed(const PageOutcome& outcome, const std::string& request_id, Now now);
  /// The bookmark is dropped, as `restart` asked for.
  Step restarted(Now now);

  bool drops_bookmark() const { return drops_bookmark_; }

 private:
  void begin(State state, Now now);
  bool resume(const Listing& listing, Now now);
  bool is_too_old(UnixSeconds started_at, UnixSeconds now) const;
  Step failed(Failure why);
  std::optional<Failure> loop_of(const Page& page, const std::string& request_id) const;

  std::chrono::seconds interval_;
  State state_ = State::reading;
  bool has_expired_bookmark_ = false;
  bool was_restarted_ = false;
  bool was_renewed_ = false;
  bool is_confirming_ = false;
  bool drops_bookmark_ = false;

  UnixSeconds started_at_ = 0;
  RequestOrder began_ = 0;
  SteadyTime last_page_at_{};
  std::optional<std::string> page_token_;
  std::int64_t page_index_ = 0;
  Integer total_count_;
  std::unordered_set<std::string> tokens_seen_;
  bool is_broken_ = false;
};

}  // namespace couponsync
