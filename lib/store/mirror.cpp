#include "store/mirror.h"

#include "store/absence_table.h"
#include "store/connection.h"
#include "store/coupon_table.h"
#include "store/errors.h"
#include "store/listing_table.h"
#include "store/mirror_file.h"
#include "store/product_table.h"
#include "store/quota_table.h"
#include "store/readings.h"
#include "store/run_table.h"
#include "store/stock_table.h"
#include "store/writer_lock.h"

#include <utility>

namespace couponsync {

struct Mirror::Impl {
  Impl(WriterLock lock_held, const MirrorOptions& options)
      : lock(std::move(lock_held)),
        connection(options.path, options.durability),
        coupons(connection.database()),
        absences(connection.database()),
        stocks(connection.database()),
        products(connection.database()),
        listings(connection.database()),
        runs(connection.database()),
        quota(connection.database()),
        redaction_key(connection.database(),
                      "SELECT value FROM mirror_property WHERE name = 'redaction_key'") {}

  /// Runs `work` in a transaction or savepoint of its own.
  template <class Work>
  auto atomically(Work work) {
    return translated(connection.path(), [&] {
      try {
        Connection::Scope scope(connection);
        auto result = work();
        scope.release();
        return result;
      } catch (...) {
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
  void store_coupons(const ListingState& listing, const PageCommit& commit, PageOutcome& outcome);
  void finish_listing(const ListingState& listing, const PageCommit& commit, const Reading* reading,
                      PageOutcome& outcome);
  void find_missing(const ListingState& listing, const PageCommit& commit, const Reading& reading,
                    PageOutcome& outcome);
  void mark_missing(const std::vector<CouponTable::Present>& gone, UnixSeconds observed_at,
                    PageOutcome& outcome);

  void forget_rows() {
    stocks.forget();
    products.forget();
  }
  void forget() {
    forget_rows();
    readings.clear();
  }

  WriterLock lock;  ///< released last
  Connection connection;
  CouponTable coupons;
  AbsenceTable absences;
  StockTable stocks;
  ProductTable products;
  ListingTable listings;
  RunTable runs;
  QuotaTable quota;
  Statement redaction_key;
  Readings readings;
};

namespace {

void require_next_page(const ListingState& listing, const PageCommit& commit) {
  if (commit.page_index == 0) return;
  if (listing.next_page_token && commit.page_index == listing.pages_done) return;
  throw std::logic_error("page " + std::to_string(commit.page_index) + " of listing " +
                         std::to_string(listing.id) + ", which has " + std::to_string(listing.pages_done) +
                         (listing.next_page_token ? " pages so far" : " pages and no checkpoint"));
}

ListingTable::Progress progress_of(const ListingState& listing, const PageCommit& commit) {
  if (commit.page_index == 0) return {commit.page.total_count, commit.started_at};
  return {commit.page.total_count ? commit.page.total_count : listing.total_count, listing.last_started_at};
}

}  // namespace

PageOutcome Mirror::Impl::apply_page(const PageCommit& commit) {
  const ListingState listing = listings.get(commit.listing);
  require_next_page(listing, commit);
  const Reading* reading = readings.continue_with(listing, commit);
  for (const ProductCoupon& product : commit.page.products) products.store(product, commit.observed_at);
  for (const Stock& stock : commit.page.stocks) stocks.store(stock, commit.observed_at);
  PageOutcome outcome;
  store_coupons(listing, commit, outcome);
  if (commit.page.next_page_token)
    listings.keep_checkpoint(commit, progress_of(listing, commit));
  else
    finish_listing(listing, commit, reading, outcome);
  return outcome;
}

void Mirror::Impl::store_coupons(const ListingState& listing, const PageCommit& commit,
                                 PageOutcome& outcome) {
  using enum CouponTable::Effect::Kind;
  std::vector<std::int64_t> ids;
  ids.reserve(commit.page.coupons.size());
  for (const Coupon& coupon : commit.page.coupons) {
    const CouponTable::Effect effect = coupons.store(listing.key, coupon, commit.observed_at);
    ids.push_back(effect.coupon_id);
    outcome.inserted += effect.kind == inserted ? 1 : 0;
    outcome.updated += effect.kind == updated ? 1 : 0;
    outcome.unchanged += effect.kind == unchanged ? 1 : 0;
    outcome.returned += effect.returned ? 1 : 0;
  }
  readings.note_seen(listing, ids);
}

void Mirror::Impl::finish_listing(const ListingState& listing, const PageCommit& commit,
                                  const Reading* reading, PageOutcome& outcome) {
  const ListingTable::Progress progress = progress_of(listing, commit);
  outcome.total_count = progress.total_count;
  if (reading != nullptr) outcome.distinct_coupons = static_cast<std::int64_t>(reading->seen.size());
  if (reading != nullptr && reading->is_inconsistent()) {
    outcome.ending = Ending::inconsistent;
    listings.keep_checkpoint(commit, progress);
    readings.drop(listing.id);
    return;
  }
  outcome.ending = Ending::complete;
  outcome.whole = reading != nullptr && reading->is_whole();
  listings.complete(commit, progress, outcome.whole);
  if (outcome.whole) find_missing(listing, commit, *reading, outcome);
  if (outcome.ending == Ending::unconfirmed)
    readings.keep_to_compare(listing.id);
  else
    readings.drop(listing.id);
}

void Mirror::Impl::find_missing(const ListingState& listing, const PageCommit& commit, const Reading& reading,
                                PageOutcome& outcome) {
  std::vector<CouponTable::Present> absent = coupons.expected_in(listing.key);
  std::erase_if(absent, [&](const auto& coupon) { return reading.has_seen(coupon.coupon_id); });
  // A single page is one moment: nothing can have moved.
  const bool sure = commit.page_index == 0 || reading.is_confirmed();
  if (!absent.empty() && !sure) {
    outcome.ending = Ending::unconfirmed;
    return;
  }
  if (!listing.key.coupon_state.empty()) {
    absences.replace(listing.id, absent, commit.observed_at);
    absent = absences.ruled_out(listing.key);
  }
  mark_missing(absent, commit.observed_at, outcome);
}

void Mirror::Impl::mark_missing(const std::vector<CouponTable::Present>& gone, UnixSeconds observed_at,
                                PageOutcome& outcome) {
  for (const CouponTable::Present& coupon : gone) coupons.mark_missing(coupon, observed_at);
  outcome.missing += static_cast<std::int64_t>(gone.size());
}

Mirror::Mirror(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Mirror::Mirror(Mirror&&) noexcept = default;
Mirror& Mirror::operator=(Mirror&&) noexcept = default;
Mirror::~Mirror() = default;

Mirror Mirror::open(const MirrorOptions& options) {
  MirrorOptions resolved = options;
  resolved.path = resolve_mirror_path(options.path);
  WriterLock lock(resolved.path);
  prepare_mirror_file(resolved.path);
  try {
    return translated(resolved.path,
                      [&] { return Mirror(std::make_unique<Impl>(std::move(lock), resolved)); });
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

std::vector<ListingState> Mirror::set_watchlist(std::span<const ListingKey> keys) {
  std::vector<ListingState> states = impl_->atomically([&] { return impl_->listings.set_watchlist(keys); });
  impl_->readings.keep_only(states);
  return states;
}

std::vector<ListingState> Mirror::watch(std::span<const ListingKey> keys) {
  return impl_->atomically([&] { return impl_->listings.watch(keys); });
}

void Mirror::unwatch_all_but(std::span<const ListingId> listings) {
  const std::vector<ListingId> gone =
      impl_->atomically([&] { return impl_->listings.unwatch_all_but(listings); });
  for (const ListingId listing : gone) impl_->readings.drop(listing);
}

PageOutcome Mirror::apply_page(const PageCommit& commit) {
  return impl_->atomically_for(commit.listing, [&] { return impl_->apply_page(commit); });
}

void Mirror::record_failure(const ListingFailure& failure) {
  impl_->readings.drop(failure.listing);
  impl_->atomically([&] {
    impl_->listings.record_failure(failure);
    return true;
  });
}

void Mirror::drop_checkpoint(ListingId listing) {
  impl_->readings.drop(listing);
  impl_->atomically([&] {
    impl_->listings.drop_checkpoint(listing);
    return true;
  });
}

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

void Mirror::keep_quota(const LearnedQuota& quota) {
  impl_->atomically([&] {
    impl_->quota.keep(quota);
    return true;
  });
}

std::optional<LearnedQuota> Mirror::learned_quota() const {
  return impl_->atomically([&] { return impl_->quota.get(); });
}

void Mirror::checkpoint() {
  translated(impl_->connection.path(), [&] { impl_->connection.checkpoint(); });
}

bool Mirror::checkpoint_due() const { return impl_->connection.checkpoint_due(); }

}  // namespace couponsync
