#include "store/absence_finder.h"

#include "base/coupon_state.h"

#include <algorithm>

namespace couponsync {
namespace {

bool is_of_all_states(const Listing& listing) { return listing.key.coupon_state.empty(); }

/// Its state has no listing that could show the coupon: any other that lacks it puts it in question.
bool state_is_unwatched(const CouponTable::Present& coupon, std::span<const WatchedListing> watched) {
  return std::ranges::none_of(watched, [&](const WatchedListing& listing) {
    return (listing.coupon_state.empty() || listing.coupon_state == coupon.state) &&
           coupon.scope.may_be_in(listing);
  });
}

bool is_in_question(const CouponTable::Present& coupon, const AbsenceFinder::Finished& finished) {
  if (coupon.state != finished.listing.key.coupon_state && !state_is_unwatched(coupon, finished.watched))
    return false;
  // Known as unlisted it can only become missing.
  return !coupon.is_unlisted || all_states_watched(coupon.scope, coupon.state, finished.watched);
}

std::int64_t first_stage(const Text& state) {
  return static_cast<std::int64_t>(life_stage(state.value_or("")).value_or(0));
}

}  // namespace

std::vector<CouponTable::Present> AbsenceFinder::absent_from(const Finished& finished) {
  std::vector<Present> coupons = coupons_.in_scope_of(finished.listing.key);
  std::erase_if(coupons, [&](const Present& coupon) {
    return !finished.reading.lacks(coupon.coupon_id) ||
           (!is_of_all_states(finished.listing) && !is_in_question(coupon, finished));
  });
  return coupons;
}

bool AbsenceFinder::is_searched_in(const Finished& finished) {
  const std::vector<Absence> absences = absences_.of_user(finished.listing.key);
  const auto here = std::ranges::find(finished.watched, finished.listing.id, &WatchedListing::id);
  return here != finished.watched.end() && std::ranges::any_of(absences, [&](const Absence& absence) {
           return absence.scope.may_be_in(*here);
         });
}

bool AbsenceFinder::is_wanted(const Finished& finished) {
  return !absent_from(finished).empty() || (!is_of_all_states(finished.listing) && is_searched_in(finished));
}

void AbsenceFinder::conclude(const Finished& finished, PageOutcome& outcome) {
  const std::vector<Present> absent = absent_from(finished);
  const UnixSeconds now = finished.last_page.seen.observed_at;
  if (is_of_all_states(finished.listing)) {
    for (const Present& coupon : absent) {
      coupons_.mark_missing(coupon.coupon_id, coupon.state, now);
      absences_.remove(coupon.coupon_id);
      note_missing(finished, coupon.coupon_id, finished.reading.began);
    }
    outcome.missing += static_cast<std::int64_t>(absent.size());
    return;
  }
  begin_searches(finished, absent);
  advance_searches(finished, outcome);
}

void AbsenceFinder::begin_searches(const Finished& finished, const std::vector<Present>& absent) {
  for (const Present& coupon : absent) {
    absences_.add({.coupon_id = coupon.coupon_id,
                   .state = coupon.state,
                   .scope = coupon.scope,
                   .is_unlisted = coupon.is_unlisted,
                   .since = finished.last_page.seen.observed_at,
                   .since_order = finished.reading.began,
                   .search = {.stage = first_stage(coupon.state),
                              .stage_order = finished.reading.began,
                              .stage_at = finished.last_page.seen.observed_at}});
  }
}

/// The reply to an earlier request, with the coupon in it, may still be on its way.
void AbsenceFinder::note_missing(const Finished& finished, std::int64_t coupon, RequestOrder order) {
  if (finished.watched.size() > 1) log_.note_missing(finished.reading.user, coupon, order);
}

void AbsenceFinder::advance_searches(const Finished& finished, PageOutcome& outcome) {
  using enum AbsenceSearch::Result;
  const auto here = std::ranges::find(finished.watched, finished.listing.id, &WatchedListing::id);
  if (here != finished.watched.end()) here->last_whole_order = finished.reading.began;
  const UnixSeconds now = finished.last_page.seen.observed_at;
  const PageCommit& last = finished.last_page;
  const AbsenceSearch::Step step{.began_at = last.page_index == 0
                                                 ? last.started_at
                                                 : finished.listing.last_started_at.value_or(last.started_at),
                                 .ended_at = now,
                                 .next = last.seen.received};
  for (Absence& absence : absences_.of_user(finished.listing.key)) {
    const AbsenceSearch::Result result =
        absence.search.advance(absence.scope, absence.state, finished.watched, step);
    if (result == open) {
      absences_.update(absence);
      ++outcome.searched_for;
      continue;
    }
    absences_.remove(absence.coupon_id);
    if (result == missing) {
      coupons_.mark_missing(absence.coupon_id, absence.state, now);
      note_missing(finished, absence.coupon_id, absence.since_order);
      ++outcome.missing;
    }
    if (result == unlisted && !absence.is_unlisted) {
      coupons_.mark_unlisted(absence.coupon_id, absence.state, absence.since, now);
      ++outcome.unlisted;
    }
  }
}

}  // namespace couponsync
