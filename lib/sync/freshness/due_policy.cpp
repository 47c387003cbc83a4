#include "sync/freshness/due_policy.h"

#include <algorithm>
#include <cmath>

namespace couponsync {
namespace {

constexpr double kRefreshSeconds = 60;
/// All values are reckoned anew after so many choices, or seconds; in between those that changed their first.
constexpr std::size_t kChoicesPerUpdate = 16;
constexpr double kUpdateSeconds = 10;
constexpr double kLongestWait = 10;
constexpr double kShortestWait = 0.1;
/// A reading long before its time is worth that share of what it is worth in time, not less.
constexpr double kLeastWait = 0.7;
/// Who waits long goes before who does not: costs the mean nothing and takes from the longest delays.
constexpr double kPatience = 0.4;
constexpr double kOverdue = 1e15;
constexpr double kLeastCycles = 1.2;  ///< of one request a listing
constexpr double kSweepCycles = 12;
constexpr double kLeastRate = 1e-8;
/// A count shows also the receipts that an EFFECTIVE reading would: that share of them counts for it.
constexpr double kCountedToo = 0.2;
/// Of the time until a count that did not change; returns and deletions are not seen by it.
constexpr double kMostPostponed = 0.8;
/// Of the greatest age: who was not read for longer is not put behind others any more.
constexpr double kPostponedUntil = 0.25;
constexpr std::size_t kSweepLooks = 2;
/// More than one unread of so many: it is still the first round.
constexpr std::size_t kUnreadShare = 50;
/// Times in a reply and those of requests may differ by so much.
constexpr double kSlack = 5;

}  // namespace

void DuePolicy::add(ListingId listing) {
  if (records_.find(listing)) return;
  records_.add(listing);
  lists_.resize(2 * records_.slots());
  ++unread_;
  pages_ += 1;
}

void DuePolicy::remove(ListingId listing, Moment now) {
  const auto slot = records_.find(listing);
  if (!slot) return;
  ListingRecord& record = records_[*slot];
  if (record.is_read) {
    model_.forget(record, now);
  } else {
    --unread_;
  }
  pages_ -= pages(record.known);
  lists_.erase(arm_of(*slot, kMain));
  lists_.erase(arm_of(*slot, kReceipts));
  records_.remove(*slot);
}

void DuePolicy::set_budget(const RequestBudget::Terms& terms, Moment now) {
  budget_.set(terms, now);
  refreshed_ = 0;
}

void DuePolicy::look_again(Slot slot) {
  for (const ArmKind kind : {kMain, kReceipts}) {
    const Arm arm = arm_of(slot, kind);
    if (lists_.is_listed(arm)) lists_.look_again(lists_.list(arm));
  }
}

void DuePolicy::withdraw(Slot slot) {
  records_[slot].is_reading = true;
  look_again(slot);
}

void DuePolicy::taken(ListingId listing) {
  if (const auto slot = records_.find(listing)) withdraw(*slot);
}

void DuePolicy::put_back(ListingId listing) {
  const auto slot = records_.find(listing);
  if (!slot) return;
  records_[*slot].is_reading = false;
  look_again(*slot);
}

void DuePolicy::put_back(const DueReading& reading) {
  const auto slot = records_.find(reading.listing);
  if (!slot) return;
  ListingRecord& record = records_[*slot];
  if (record.is_chosen) budget_.spend(-1.0 * cost(record, reading.kind));
  record.is_chosen = false;
  put_back(reading.listing);
  if (reading.purpose != ReadingPurpose::detail) return;
  const auto chained = chained_totals_.find(reading.listing);
  const std::uint32_t total = chained == chained_totals_.end() ? 0 : chained->second;
  chained_totals_.erase(reading.listing);
  follow_ups_.push_back({reading, total});
}

std::uint32_t DuePolicy::pages(std::uint32_t coupons) const {
  return std::max(1U, (coupons + options_.page_size - 1) / options_.page_size);
}

std::uint32_t DuePolicy::cost(const ListingRecord& record, ReadingKind kind) const {
  if (kind == ReadingKind::whole) return pages(record.known);
  return kind == ReadingKind::effective ? pages(record.live) : 1;
}

ReadingKind DuePolicy::main_kind(const ListingRecord& record) const {
  return record.is_many ? ReadingKind::effective : ReadingKind::whole;
}

ReadingKind DuePolicy::receipts_kind() const {
  return count_guard_.is_trusted() ? ReadingKind::count : ReadingKind::pending;
}

DuePolicy::Usual DuePolicy::usual(ListingId listing) const {
  const auto slot = records_.find(listing);
  if (!slot || !records_[*slot].is_many) return {};
  return {ReadingKind::effective, receipts_kind()};
}

double DuePolicy::greatest_age() const {
  const double mean = budget_.terms().mean;
  return std::max(options_.longest_cycles * pages_, kLeastCycles * static_cast<double>(size())) / mean;
}

double DuePolicy::sweep_seconds() const {
  return std::max(kDaySeconds, kSweepCycles * pages_ / budget_.terms().mean);
}

std::size_t DuePolicy::bytes() const { return sizeof(*this) + records_.bytes() + lists_.bytes(); }

// What is worth a request.

double DuePolicy::main_rate(const ListingRecord& record) const {
  const BrandModel::Rates rates = model_.rates(record);
  if (record.is_many) {
    const double shown = (1 - model_.pending_share()) * rates.receipts + rates.uses;
    return shown / pages(record.live);
  }
  return rates.all() / pages(record.known);
}

DuePolicy::Arm DuePolicy::first_free(List list) const {
  Arm arm = lists_.first(list);
  while (arm != DueLists::kNone && records_[arm / 2].is_reading) arm = lists_.next(arm);
  return arm;
}

double DuePolicy::value(List list, Moment now) const {
  const Arm arm = first_free(list);
  if (arm == DueLists::kNone) return 0;
  const Moment read_at = lists_.read_at(arm);
  const double age = now - read_at;
  const double greatest = greatest_age();
  const bool is_main = DueLists::kind_of(list) == kMain;
  const double true_age = is_main ? now - records_[arm / 2].main_at : age;
  if (true_age > greatest) return kOverdue * true_age;
  if (!forecast_guard_.is_trusted()) return age;
  const double shown = is_main ? 1 : model_.pending_share();
  const auto expected =
      model_.expected(DueLists::rate_of(list), DueLists::group_of(list), shown, read_at, now);
  const double natural = std::sqrt(2 * balanced_ / expected.rate);
  const double wait = std::max(age, kLeastWait * std::min(greatest, natural));
  const double cycles = age * budget_.terms().mean / static_cast<double>(size());
  return expected.changes * wait / 2 * std::pow(std::max(0.0, cycles), kPatience);
}

void DuePolicy::update_values(Moment now) {
  if (choices_until_update_ == 0 || now - updated_ > kUpdateSeconds) {
    choices_until_update_ = kChoicesPerUpdate;
    updated_ = now;
    for (const List list : lists_.in_use()) values_[list] = value(list, now);
  }
  --choices_until_update_;
  lists_.visit_changed([&](List list) { values_[list] = value(list, now); });
}

void DuePolicy::refresh(Moment now) {
  if (now - refreshed_ < kRefreshSeconds) return;
  refreshed_ = now;
  model_.set_settled(unread_ * kUnreadShare <= size());
  model_.refresh(size(), now);
  double roots = 0;
  for (const List list : lists_.in_use())
    roots += static_cast<double>(lists_.size(list)) * std::sqrt(DueLists::rate_of(list));
  const double mean = budget_.terms().mean;
  balanced_ = std::max(1e-6, roots * roots / (2 * mean * mean));
}

DuePolicy::Choice DuePolicy::next(Moment now) {
  budget_.settle(now);
  refresh(now);
  if (const Moment at = budget_.next_request(now); at > now) return {std::nullopt, at};
  auto reading = next_follow_up();
  if (!reading) reading = next_sweep(now);
  if (!reading) reading = best(now);
  if (reading) return {reading, now};
  return {std::nullopt, now + std::clamp(1 / budget_.terms().mean, kShortestWait, kLongestWait)};
}

DuePolicy::DueReading DuePolicy::choose(Slot slot, ReadingKind kind, ReadingPurpose purpose, StockKey stock) {
  ListingRecord& record = records_[slot];
  withdraw(slot);
  record.is_chosen = true;
  budget_.spend(cost(record, kind));
  return {record.id, kind, purpose, stock};
}

std::optional<DuePolicy::DueReading> DuePolicy::next_follow_up() {
  for (auto next = follow_ups_.begin(); next != follow_ups_.end();) {
    const FollowUp one = *next;
    const auto slot = records_.find(one.reading.listing);
    if (slot && records_[*slot].is_reading) {
      ++next;
      continue;
    }
    next = follow_ups_.erase(next);
    if (!slot) continue;
    if (one.total > 0) chained_totals_[one.reading.listing] = one.total;
    return choose(*slot, one.reading.kind, one.reading.purpose, one.reading.stock);
  }
  return std::nullopt;
}

std::optional<DuePolicy::DueReading> DuePolicy::next_sweep(Moment now) {
  const double sweep_seconds = this->sweep_seconds();
  for (std::size_t look = 0; look < kSweepLooks && records_.slots() > 0; ++look) {
    const Slot slot = sweep_++ % static_cast<Slot>(records_.slots());
    const ListingRecord& record = records_[slot];
    if (!record.is_watched || !record.is_many || record.is_reading) continue;
    if (now - record.whole_at > sweep_seconds) return choose(slot, ReadingKind::whole, ReadingPurpose::sweep);
  }
  return std::nullopt;
}

std::optional<DuePolicy::DueReading> DuePolicy::best(Moment now) {
  update_values(now);
  const auto& lists = lists_.in_use();
  const auto most = std::ranges::max_element(lists, {}, [&](List list) { return values_[list]; });
  if (most == lists.end() || values_[*most] <= 0) return std::nullopt;
  const double worth = values_[*most];
  if (budget_.is_elastic() && !budget_.is_full() && worth < kOverdue) {
    const bool is_worth_it = forecast_guard_.is_trusted() ? worth >= budget_.price(balanced_)
                                                          : now - chosen_ >= 1 / budget_.terms().mean;
    if (!is_worth_it) return std::nullopt;
  }
  const Arm arm = first_free(*most);
  if (arm == DueLists::kNone) return std::nullopt;
  chosen_ = now;
  const Slot slot = arm / 2;
  const ReadingKind kind = arm % 2 == kReceipts ? receipts_kind() : main_kind(records_[slot]);
  return choose(slot, kind, ReadingPurpose::regular);
}

// What a reading showed.

void DuePolicy::pay(ListingRecord& record, ReadingKind kind, std::uint32_t requests) {
  if (record.is_chosen) {
    budget_.spend(static_cast<double>(requests) - cost(record, kind));
  } else {
    budget_.spend_due(requests);
  }
  record.is_chosen = false;
  record.is_reading = false;
}

void DuePolicy::observe(ListingId listing, ReadingKind kind, const ReadingSummary& seen, Moment now) {
  const auto slot = records_.find(listing);
  if (!slot) return;
  ListingRecord& record = records_[*slot];
  budget_.settle(now);
  pay(record, kind, seen.requests);
  if (!record.is_read) {
    if (kind != ReadingKind::whole) return;
    record.is_read = true;
    --unread_;
    model_.observe_first(record, seen, now);
  } else {
    check(*slot, kind, seen, now);
    model_.observe(record, kind, seen, record.main_at, now);
  }
  pages_ += static_cast<double>(pages(seen.known)) - pages(record.known);
  record.known = seen.known;
  record.live = static_cast<std::uint16_t>(std::min<std::size_t>(seen.live.size(), 0xFFFF));
  if (kind == ReadingKind::whole) record.whole_at = static_cast<std::uint32_t>(now);
  place(*slot, kind, seen.total == seen.known, now);
  follow(record, kind, seen);
}

void DuePolicy::place(Slot slot, ReadingKind kind, bool is_same, Moment now) {
  ListingRecord& record = records_[slot];
  const double receipts = model_.rates(record).receipts;
  record.group = static_cast<std::uint8_t>(model_.group_of(receipts));
  record.is_many = record.known > options_.page_size && effective_guard_.is_trusted();
  const Arm main = arm_of(slot, kMain);
  const Arm second = arm_of(slot, kReceipts);
  const auto read_at = static_cast<std::uint32_t>(now);
  const bool shows_main = kind == ReadingKind::whole || kind == ReadingKind::effective;
  if (shows_main) {
    record.main_at = read_at;
    lists_.append(main, DueLists::list_of(kMain, record.group, main_rate(record)), read_at);
  } else if (kind == ReadingKind::count && is_same && record.is_many &&
             now - record.main_at < kPostponedUntil * greatest_age()) {
    postpone(slot, now);
  }
  if (!record.is_many) {
    lists_.erase(second);
    return;
  }
  const bool shows_receipts =
      kind == ReadingKind::whole || kind == ReadingKind::count || kind == ReadingKind::pending;
  if (!shows_receipts && lists_.is_listed(second)) return;
  const double pending = model_.pending_share();
  const double rate = std::max(kLeastRate, (pending + kCountedToo * (1 - pending)) * receipts);
  lists_.append(second, DueLists::list_of(kReceipts, record.group, rate), read_at);
}

/// A count that did not change: no receipt since the main reading, so that only uses are to be expected of
/// the time until now. It is as if the main reading had been so much later.
void DuePolicy::postpone(Slot slot, Moment now) {
  const ListingRecord& record = records_[slot];
  const BrandModel::Rates rates = model_.rates(record);
  const double receipts = (1 - model_.pending_share()) * rates.receipts;
  const double share = std::min(kMostPostponed, receipts / (receipts + rates.uses));
  const Arm main = arm_of(slot, kMain);
  const double read_at = lists_.read_at(main);
  const double later = read_at + share * (now - read_at);
  lists_.append(main, DueLists::list_of(kMain, record.group, main_rate(record)),
                static_cast<std::uint32_t>(later));
}

void DuePolicy::follow_up(ListingId listing, ReadingKind kind, StockKey stock, std::uint32_t total) {
  follow_ups_.push_back({{listing, kind, ReadingPurpose::detail, stock}, total});
}

void DuePolicy::follow(const ListingRecord& record, ReadingKind kind, const ReadingSummary& seen) {
  const auto chained = chained_totals_.find(record.id);
  const std::uint32_t total = chained == chained_totals_.end() ? 0 : chained->second;
  if (total > 0) chained_totals_.erase(chained);
  if (kind == ReadingKind::count) return follow_count(record, seen);
  for (const StockKey stock : seen.left) follow_up(record.id, ReadingKind::stock, stock, 0);
  if (total <= seen.known) return;
  if (kind == ReadingKind::effective) follow_up(record.id, ReadingKind::pending, 0, total);
  if (kind == ReadingKind::pending) follow_up(record.id, ReadingKind::whole, 0, total);
}

/// A count that differs says that something changed; what a narrowed reading then shows is looked at first.
void DuePolicy::follow_count(const ListingRecord& record, const ReadingSummary& seen) {
  if (!seen.total || *seen.total == seen.known) return;
  if (*seen.total < seen.known) return follow_up(record.id, ReadingKind::whole, 0, seen.known);
  follow_up(record.id, ReadingKind::effective, 0, *seen.total);
}

void DuePolicy::check(Slot slot, ReadingKind kind, const ReadingSummary& seen, Moment now) {
  const ListingRecord& record = records_[slot];
  if (kind == ReadingKind::count && seen.total && *seen.total > seen.known) count_guard_.add_shown();
  const bool is_main = kind == ReadingKind::whole || kind == ReadingKind::effective;
  if (!is_main) return;
  double found = static_cast<double>(seen.uses.size());
  for (const ShownCoupon& coupon : seen.coupons) {
    if (coupon.is_new) found += 1;
  }
  const Moment main_at = record.main_at;
  const auto expected = model_.expected(model_.rates(record).all(), record.group, 1, main_at, now);
  forecast_guard_.add(expected.changes, found, now);
  if (!record.is_many) return;
  if (kind == ReadingKind::whole) return check_whole(slot, seen);
  for (std::size_t change = 0; change < static_cast<std::size_t>(found); ++change)
    effective_guard_.add_shown();
}

/// What the whole reading shows and a probe before it should have shown.
void DuePolicy::check_whole(Slot slot, const ReadingSummary& seen) {
  const Moment whole_at = records_[slot].whole_at;
  const Moment main_at = records_[slot].main_at - kSlack;
  const Moment count_at = lists_.read_at(arm_of(slot, kReceipts)) - kSlack;
  const bool was_probed = main_at > whole_at;
  // A count that led to this reading showed it.
  const bool was_counted = count_at > whole_at && !chained_totals_.contains(records_[slot].id);
  for (const ShownCoupon& coupon : seen.coupons) {
    if (!coupon.is_new) continue;
    if (was_probed && coupon.is_effective && std::max(coupon.received, coupon.begins) < main_at)
      effective_guard_.add_missed();
    if (was_counted && coupon.received < count_at) count_guard_.add_missed();
  }
  for (const ShownUse& use : seen.uses) {
    if (was_probed && !use.is_of_new_coupon && !use.is_deletion && use.at < main_at)
      effective_guard_.add_missed();
  }
}

}  // namespace couponsync
