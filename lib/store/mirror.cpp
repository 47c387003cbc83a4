#include "store/mirror.h"

#include "store/absence_finder.h"
#include "store/absence_table.h"
#include "store/connection.h"
#include "store/coupon_table.h"
#include "store/errors.h"
#include "store/last_entries.h"
#include "store/listing_table.h"
#include "store/lock_patience.h"
#include "store/mirror_file.h"
#include "store/product_table.h"
#include "store/quota_table.h"
#include "store/run_table.h"
#include "store/stock_table.h"
#include "store/unbroken_readings.h"
#include "store/writer_lock.h"

#include <utility>

namespace couponsync {
namespace {

/// Behind what is stored as evidence; whatever else was sent before is forgotten, since its reply is.
RequestOrder order_behind_evidence(SQLite::Database& database) {
  RequestOrder last = 0;
  Statement(
      database,
      "SELECT max(coalesce((SELECT max(last_whole_order) FROM listing WHERE last_whole_order NOT NULL), 0),"
      " coalesce((SELECT max(stage_order) FROM absence), 0))")
      .query([&](const Row& row) { last = row.integer(0).value(); });
  return last + 1;
}

}  // namespace

struct Mirror::Impl {
  Impl(WriterLock lock_held, MirrorFile file_held, const MirrorOptions& options)
      : lock(std::move(lock_held)),
        file(std::move(file_held)),
        connection(file, lock, options),
        coupons(connection.database()),
        absences(connection.database()),
        stocks(connection.database()),
        products(connection.database()),
        listings(connection.database()),
        runs(connection.database()),
        quota(connection.database()),
        redaction_key(connection.database(),
                      "SELECT value FROM mirror_property WHERE name = 'redaction_key'"),
        finder(coupons, absences, log),
        first_request_order(order_behind_evidence(connection.database())) {}

  /// Runs `work` in a transaction or savepoint of its own.
  template <class Work>
  auto atomically(Work work) {
    const SightingLog::Mark before = log.mark();
    return translated(connection.path(), [&] {
      try {
        Connection::Scope scope(connection);
        auto result = work();
        scope.release();
        return result;
      } catch (...) {
        log.take_back_to(before);
        forget_rows();
        throw;
      }
    });
  }

  /// The same for what changes where one listing stands: if that fails, its reading is broken.
  template <class Work>
  auto atomically_for(ListingId listing, Work work) {
    try {
      return atomically(std::move(work));
    } catch (...) {
      readings.drop(listing);
      throw;
    }
  }

  PageOutcome apply_page(const PageCommit& commit);
  PageOutcome apply_probe(const ProbeCommit& commit);
  void store_rows(const Listing& listing, const Page& page, const Sighting& seen, bool alone,
                  PageOutcome& outcome);
  void store_coupons(const Listing& listing, const Page& page, const Sighting& seen, bool alone,
                     PageOutcome& outcome);
  void finish_listing(const Listing& listing, const PageCommit& commit, const UnbrokenReading* reading,
                      std::vector<WatchedListing>& watched, PageOutcome& outcome);

  void forget_rows() {
    stocks.forget();
    products.forget();
  }
  void forget() {
    log.take_back_to(transaction_began);
    forget_rows();
    readings.clear();
  }

  WriterLock lock;  ///< released last
  MirrorFile file;
  Connection connection;
  CouponTable coupons;
  AbsenceTable absences;
  StockTable stocks;
  ProductTable products;
  ListingTable listings;
  RunTable runs;
  QuotaTable quota;
  Statement redaction_key;
  SightingLog log;
  SightingLog::Mark transaction_began = 0;
  UnbrokenReadings readings;
  AbsenceFinder finder;
  RequestOrder first_request_order;
};

namespace {

void require_next_page(const Listing& listing, const PageCommit& commit) {
  if (commit.page_index == 0) return;
  if (listing.next_page_token && commit.page_index == listing.pages_done) return;
  throw std::logic_error("page " + std::to_string(commit.page_index) + " of listing " +
                         std::to_string(listing.id) + ", which has " + std::to_string(listing.pages_done) +
                         (listing.next_page_token ? " pages so far" : " pages and no bookmark"));
}

ListingTable::Progress progress_of(const Listing& listing, const PageCommit& commit) {
  const std::int64_t entries =
      static_cast<std::int64_t>(commit.page.coupons.size()) + commit.page.refused_entries;
  if (commit.page_index == 0) return {commit.page.total_count, commit.started_at, entries};
  return {listing.total_count, listing.last_started_at, listing.entries_done + entries};
}

/// Pages of before a break cannot be looked at again, but they are too few in any case.
bool fell_short(const ListingTable::Progress& progress) {
  return progress.total_count && progress.entries < *progress.total_count;
}

}  // namespace

PageOutcome Mirror::Impl::apply_page(const PageCommit& commit) {
  const Listing listing = listings.get(commit.listing);
  require_next_page(listing, commit);
  log.forget_before(commit.oldest_open);
  std::vector<WatchedListing> watched = listings.watched_of_user(listing.key);
  const UnbrokenReading* reading = readings.continue_with(listing, commit, log);
  Sighting seen = commit.seen;
  seen.reading_goes_on = commit.page.next_page_token.has_value();
  PageOutcome outcome;
  store_rows(listing, commit.page, seen, watched.size() < 2, outcome);
  if (commit.page.next_page_token)
    listings.keep_bookmark(commit, progress_of(listing, commit));
  else
    finish_listing(listing, commit, reading, watched, outcome);
  outcome.after = listings.get(commit.listing);
  return outcome;
}

PageOutcome Mirror::Impl::apply_probe(const ProbeCommit& commit) {
  const Listing listing = listings.get(commit.listing);
  log.forget_before(commit.oldest_open);
  // Of two readings in a row one was before it and one comes after it: they are not in a row any more.
  readings.drop(listing.id);
  PageOutcome outcome;
  store_rows(listing, commit.page, commit.seen, listings.watched_of_user(listing.key).size() < 2, outcome);
  listings.note_probe(listing.id, commit.seen.observed_at);
  outcome.after = listings.get(listing.id);
  return outcome;
}

/// `alone`: the user has no other listing.
void Mirror::Impl::store_rows(const Listing& listing, const Page& page, const Sighting& seen, bool alone,
                              PageOutcome& outcome) {
  for (const ProductCoupon& product : page.products) products.store(product, seen);
  for (const Stock& stock : page.stocks) stocks.store(stock, seen);
  store_coupons(listing, page, seen, alone, outcome);
}

void Mirror::Impl::store_coupons(const Listing& listing, const Page& page, const Sighting& seen, bool alone,
                                 PageOutcome& outcome) {
  using enum CouponTable::Effect::Kind;
  const SightingLog::User user = SightingLog::user_of(listing.key);
  std::vector<std::int64_t> ids;
  ids.reserve(page.coupons.size());
  const std::vector<bool> is_last = last_of_each(page.coupons);
  for (std::size_t i = 0; i < is_last.size(); ++i) {
    if (!is_last[i]) {
      ++outcome.unchanged;
      continue;
    }
    const Coupon& coupon = page.coupons[i];
    const CouponTable::Effect effect = coupons.store(coupon, {listing.key, user, seen, log});
    ids.push_back(effect.coupon_id);
    if (effect.searched_for) absences.remove(effect.coupon_id);
    if (!alone) log.note_listed(user, effect.coupon_id, seen);
    outcome.inserted += effect.kind == inserted ? 1 : 0;
    outcome.updated += effect.kind == updated ? 1 : 0;
    outcome.unchanged += effect.kind == unchanged ? 1 : 0;
    outcome.returned += effect.returned ? 1 : 0;
    outcome.listed += effect.listed ? 1 : 0;
    outcome.outdated += effect.outdated ? 1 : 0;
  }
  readings.note_seen(listing.id, user, ids, seen.received);
}

void Mirror::Impl::finish_listing(const Listing& listing, const PageCommit& commit,
                                  const UnbrokenReading* reading, std::vector<WatchedListing>& watched,
                                  PageOutcome& outcome) {
  const ListingTable::Progress progress = progress_of(listing, commit);
  outcome.total_count = progress.total_count;
  if (reading != nullptr) outcome.distinct_coupons = static_cast<std::int64_t>(reading->seen.size());
  const bool inconsistent = reading != nullptr ? reading->is_inconsistent() : fell_short(progress);
  if (inconsistent) {
    outcome.ending = Ending::inconsistent;
    listings.keep_bookmark(commit, progress);
    readings.drop(listing.id);
    return;
  }
  outcome.ending = Ending::complete;
  outcome.is_complete_picture = reading != nullptr && reading->is_complete();
  ListingTable::Worth worth;
  if (outcome.is_complete_picture) {
    const AbsenceFinder::Finished ended{listing, commit, *reading, watched};
    // A single page is one moment: nothing can have moved.
    const bool is_one_moment = commit.page_index == 0 || reading->is_confirmed();
    if (!is_one_moment && finder.is_wanted(ended)) outcome.ending = Ending::unconfirmed;
    worth.is_complete = outcome.ending == Ending::complete;
    worth.is_evidence = is_one_moment && !listing.key.coupon_state.empty();
    if (is_one_moment) finder.conclude(ended, outcome);
  }
  listings.complete(commit, progress, worth);
  if (outcome.ending == Ending::unconfirmed)
    readings.keep_to_compare(listing.id);
  else
    readings.drop(listing.id);
}

Mirror::Mirror(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Mirror::Mirror(Mirror&&) noexcept = default;
Mirror& Mirror::operator=(Mirror&&) noexcept = default;
Mirror::~Mirror() = default;

Mirror Mirror::open(const MirrorOptions& options) {
  const std::filesystem::path path = resolve_mirror_path(options.path);
  MirrorOptions as_configured = options;
  as_configured.path = std::filesystem::absolute(options.path);
  WriterLock lock(path);
  require_file_of_log(path);
  MirrorFile file(path);
  try {
    return translated(path, [&] {
      return Mirror(std::make_unique<Impl>(std::move(lock), std::move(file), as_configured));
    });
  } catch (const std::logic_error& error) {
    // SQL that does not fit the tables: the file says it is a mirror of this version and is none.
    throw MirrorError(MirrorError::Reason::refused, std::string(error.what()) +
                                                        "; restore it from a copy, or move it away to have"
                                                        " everything read anew");
  }
}

std::vector<std::byte> Mirror::redaction_key() const {
  return impl_->atomically([&] {
    std::vector<std::byte> key;
    impl_->redaction_key.query([&](const Row& row) { key = row.blob(0); });
    return key;
  });
}

void Mirror::begin() {
  impl_->transaction_began = impl_->log.mark();
  translated(impl_->connection.path(), [&] { impl_->connection.begin(); });
}

void Mirror::commit() {
  try {
    translated(impl_->connection.path(), [&] { impl_->connection.commit(); });
  } catch (...) {
    impl_->forget();
    throw;
  }
}

void Mirror::rollback() noexcept {
  impl_->connection.rollback();
  impl_->forget();
}

std::vector<Listing> Mirror::watch(std::span<const ListingKey> keys) {
  return impl_->atomically([&] { return impl_->listings.watch(keys); });
}

void Mirror::unwatch(std::span<const ListingId> listings) {
  impl_->atomically([&] {
    impl_->listings.unwatch(listings);
    return true;
  });
  for (const ListingId listing : listings) impl_->readings.drop(listing);
}

std::vector<ListingId> Mirror::watched_after(ListingId after, std::size_t most) const {
  return impl_->atomically([&] { return impl_->listings.watched_after(after, most); });
}

std::vector<std::vector<Listing>> Mirror::load(std::span<const ListingId> listings) const {
  return impl_->atomically([&] {
    std::vector<std::vector<Listing>> groups;
    groups.reserve(listings.size());
    for (const ListingId listing : listings) groups.push_back(impl_->listings.load_group(listing));
    return groups;
  });
}

PageOutcome Mirror::apply_page(const PageCommit& commit) {
  return impl_->atomically_for(commit.listing, [&] { return impl_->apply_page(commit); });
}

PageOutcome Mirror::apply_probe(const ProbeCommit& commit) {
  return impl_->atomically_for(commit.listing, [&] { return impl_->apply_probe(commit); });
}

Listing Mirror::record_failure(const ListingFailure& failure) {
  impl_->readings.drop(failure.listing);
  return impl_->atomically([&] {
    impl_->listings.record_failure(failure);
    return impl_->listings.get(failure.listing);
  });
}

Listing Mirror::drop_bookmark(ListingId listing) {
  impl_->readings.drop(listing);
  return impl_->atomically([&] {
    impl_->listings.drop_bookmark(listing);
    return impl_->listings.get(listing);
  });
}

RequestOrder Mirror::first_request_order() const { return impl_->first_request_order; }

RunId Mirror::start_run(RunTrigger trigger, UnixSeconds now) {
  return impl_->atomically([&] { return impl_->runs.start(trigger, now); });
}

void Mirror::finish_run(RunId run, const RunCounters& counters, Instant finished_at) {
  impl_->atomically([&] {
    impl_->runs.finish(run, counters, finished_at);
    return true;
  });
}

std::optional<InterruptedRun> Mirror::interrupted_once() const {
  return impl_->atomically([&] { return impl_->runs.interrupted_once(); });
}

std::int64_t Mirror::watched_listings() const {
  return impl_->atomically([&] { return impl_->listings.count_watched(); });
}

void Mirror::keep_quota(const LearnedQuota& quota) {
  impl_->atomically([&] {
    impl_->quota.keep(quota);
    return true;
  });
}

std::optional<LearnedQuota> Mirror::learned_quota() const {
  return impl_->atomically([&] { return impl_->quota.get(); });
}

std::shared_ptr<LockPatience> Mirror::lock_patience() const { return impl_->connection.patience(); }

bool Mirror::checkpoint() {
  return translated(impl_->connection.path(), [&] { return impl_->connection.checkpoint(); });
}

void Mirror::require_intact() {
  translated(impl_->connection.path(), [&] { impl_->connection.require_intact(); });
}

std::uintmax_t Mirror::close() noexcept {
  const std::uintmax_t left = impl_->connection.finish();
  impl_.reset();
  return left;
}

bool Mirror::checkpoint_due() const { return impl_->connection.checkpoint_due(); }

}  // namespace couponsync
