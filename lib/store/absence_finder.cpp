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

bool is_in_question(const CouponTable::Present& coupon, const AbsenceFinder::Ended& ended) {
  if (coupon.state != ended.listing.key.coupon_state && !state_is_unwatched(coupon, ended.watched))
    return false;
  // Known as unlisted it can only become missing.
  return !coupon.is_unlisted || all_states_watched(coupon.scope, coupon.state, ended.watched);
}

std::int64_t first_stage(const Text& state) {
  return static_cast<std::int64_t>(life_stage(state.value_or("")).value_or(0));
}

}  // namespace

std::vector<CouponTable::Present> AbsenceFinder::absent_from(const Ended& ended) {
  std::vector<Present> coupons = coupons_.in_scope_of(ended.listing.key);
  std::erase_if(coupons, [&](const Present& coupon) {
    return !ended.reading.lacks(coupon.coupon_id) ||
           (!is_of_all_states(ended.listing) && !is_in_question(coupon, ended));
  });
  return coupons;
}

bool AbsenceFinder::is_searched_in(const Ended& ended) {
  const std::vector<Absence> absences = absences_.of_user(ended.listing.key);
  const auto here = std::ranges::find(ended.watched, ended.listing.id, &WatchedListing::id);
  return here != ended.watched.end() && std::ranges::any_of(absences, [&](const Absence& absence) {
           return absence.scope.may_be_in(*here);
         });
}

bool AbsenceFinder::is_wanted(const Ended& ended) {
  return !absent_from(ended).empty() || (!is_of_all_states(ended.listing) && is_searched_in(ended));
}

void AbsenceFinder::conclude(const Ended& ended, PageOutcome& outcome) {
  const std::vector<Present> absent = absent_from(ended);
  const UnixSeconds now = ended.last_page.seen.observed_at;
  if (is_of_all_states(ended.listing)) {
    for (const Present& coupon : absent) {
      coupons_.mark_missing(coupon.coupon_id, coupon.state, now);
      absences_.remove(coupon.coupon_id);
      note_missing(ended, coupon.coupon_id, ended.reading.began);
    }
    outcome.missing += static_cast<std::int64_t>(absent.size());
    return;
  }
  begin_searches(ended, absent);
  advance_searches(ended, outcome);
}

void AbsenceFinder::begin_searches(const Ended& ended, const std::vector<Present>& absent) {
  for (const Present& coupon : absent) {
    absences_.add({.coupon_id = coupon.coupon_id,
                   .state = coupon.state,
                   .scope = coupon.scope,
                   .is_unlisted = coupon.is_unlisted,
                   .since = ended.last_page.seen.observed_at,
                   .since_order = ended.reading.began,
                   .search = {.stage = first_stage(coupon.state),
                              .stage_order = ended.reading.began,
                              .stage_at = ended.last_page.seen.observed_at}});
  }
}

/// The reply to an earlier request, with the coupon in it, may still be on its way.
void AbsenceFinder::note_missing(const Ended& ended, std::int64_t coupon, RequestOrder order) {
  if (ended.watched.size() > 1) log_.note_missing(ended.reading.user, coupon, order);
}

void AbsenceFinder::advance_searches(const Ended& ended, PageOutcome& outcome) {
  using enum AbsenceSearch::Result;
  const auto here = std::ranges::find(ended.watched, ended.listing.id, &WatchedListing::id);
  if (here != ended.watched.end()) here->last_whole_order = ended.reading.began;
  const UnixSeconds now = ended.last_page.seen.observed_at;
  const PageCommit& last = ended.last_page;
  const AbsenceSearch::Step step{.began_at = last.page_index == 0
                                                 ? last.started_at
                                                 : ended.listing.last_started_at.value_or(last.started_at),
                                 .ended_at = now,
                                 .next = last.seen.received};
  for (Absence& absence : absences_.of_user(ended.listing.key)) {
    const AbsenceSearch::Result result =
        absence.search.advance(absence.scope, absence.state, ended.watched, step);
    if (result == open) {
      absences_.update(absence);
      ++outcome.searched_for;
      continue;
    }
    absences_.remove(absence.coupon_id);
    if (result == missing) {
      coupons_.mark_missing(absence.coupon_id, absence.state, now);
      note_missing(ended, absence.coupon_id, absence.since_order);
      ++outcome.missing;
    }
    if (result == unlisted && !absence.is_unlisted) {
      coupons_.mark_unlisted(absence.coupon_id, absence.state, absence.since, now);
      ++outcome.unlisted;
    }
  }
}

}  // namespace couponsync
