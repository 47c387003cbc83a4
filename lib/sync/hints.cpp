#include "sync/hints.h"

#include <array>
#include <utility>

namespace couponsync {
namespace {

using std::chrono::seconds;

/// When the next look follows one that found nothing.
constexpr std::array kAfterNothing{seconds(5), seconds(60)};
/// When the last look follows one that found something: two notifications may have been told by one hint.
constexpr seconds kAfterSomething{20};

/// So many looks tell whether one more pays.
constexpr std::int64_t kEnoughToTell = 50;
/// One in so many must find something, or else only
constexpr std::int64_t kFindsOneIn = 50;
/// one in so many is made.
constexpr std::int64_t kOneIn = 20;

}  // namespace

bool LookWorth::is_due() {
  if (made_ < kEnoughToTell || found_ * kFindsOneIn >= made_) return true;
  if (++passed_over_ < kOneIn) return false;
  passed_over_ = 0;
  return true;
}

void Hints::hint(ListingId listing, HintSource source) {
  if (!deps_.queue.hint(listing)) return;
  deps_.hinted(listing);
  const auto [entry, is_new] =
      followed_.try_emplace(listing, Followed{deps_.env.steady_now(), source, 0, false, agenda_.end()});
  if (is_new) return;
  Followed& followed = entry->second;
  unplan(followed);
  // What was hinted before and not found yet has been waiting since then.
  if (followed.looks > 0 || followed.has_found) followed.hinted_at = deps_.env.steady_now();
  followed.source = source;
  followed.looks = 0;
  followed.has_found = false;
}

void Hints::reading_ended(ListingId listing, SteadyTime began, std::int64_t changes) {
  const Entry entry = followed_.find(listing);
  if (entry == followed_.end()) {
    deps_.events.changes_found(changes, false);
    return;
  }
  Followed& followed = entry->second;
  const bool found = changes > 0;
  deps_.events.changes_found(changes, true);
  if (began < followed.hinted_at) return;  // it is read once more
  ++followed.looks;
  const bool had_found = followed.has_found;
  if (followed.looks > 1) (had_found ? after_something_ : after_nothing_).made(found);
  deps_.events.hint_followed({.source = followed.source,
                              .since_hint = deps_.env.steady_now() - followed.hinted_at,
                              .look = followed.looks,
                              .found = found,
                              .found_first = found && !had_found});
  if (had_found) return forget(entry);
  followed.has_found = found;
  if (found) {
    if (!after_something_.is_due()) return forget(entry);
    return plan(entry, kAfterSomething);
  }
  const auto next = static_cast<std::size_t>(followed.looks) - 1;
  if (next >= kAfterNothing.size() || !after_nothing_.is_due()) return forget(entry);
  plan(entry, kAfterNothing[next]);
}

void Hints::forget(ListingId listing) {
  const Entry entry = followed_.find(listing);
  if (entry != followed_.end()) forget(entry);
}

void Hints::forget(Entry entry) {
  unplan(entry->second);
  followed_.erase(entry);
}

void Hints::plan(Entry entry, seconds in) {
  unplan(entry->second);
  entry->second.again = agenda_.emplace(deps_.env.steady_now() + in, entry->first);
  changed_.notify_all();
}

void Hints::unplan(Followed& followed) {
  if (followed.again == agenda_.end()) return;
  agenda_.erase(followed.again);
  followed.again = agenda_.end();
}

Task<> Hints::keep_looking() {
  for (;;) {
    const SteadyTime now = deps_.env.steady_now();
    while (!agenda_.empty() && agenda_.begin()->first <= now) {
      const ListingId listing = agenda_.begin()->second;
      unplan(followed_.at(listing));
      if (deps_.queue.hint(listing))
        deps_.hinted(listing);
      else
        forget(listing);
    }
    if (agenda_.empty()) {
      co_await changed_.wait();
    } else {
      const SteadyTime next = agenda_.begin()->first;
      co_await changed_.wait_until(deps_.env, next);
    }
  }
}

}  // namespace couponsync
