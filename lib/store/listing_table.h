#pragma once

#include "store/absence_search.h"
#include "store/records.h"
#include "store/sql.h"

#include <span>
#include <vector>

namespace couponsync {

/// `listing`: what is watched and how far each listing is read. Throws SQLite::Exception, and
/// std::logic_error for a listing that is not there.
class ListingTable {
 public:
  explicit ListingTable(SQLite::Database& database);

  /// Rows that have the right `watched` already are left alone.
  std::vector<Listing> watch(std::span<const ListingKey> keys);
  void unwatch(std::span<const ListingId> listings);
  std::vector<ListingId> watched_after(ListingId after, std::size_t most);
  /// The listing, and those that are read together with it: see Mirror::load.
  std::vector<Listing> load_group(ListingId listing);
  Listing get(ListingId listing);
  std::int64_t count_watched();

  /// What a listing's row says of the reading under way.
  struct Progress {
    Integer total_count;
    Instant started_at;
    std::int64_t entries = 0;  ///< on its pages, with this one's
  };
  /// After a page that did not complete its listing: the bookmark behind it, none behind the last one.
  void keep_bookmark(const PageCommit& commit, const Progress& progress);
  /// What the reading that ended is good for.
  struct Worth {
    bool is_complete = false;  ///< nothing is known that it lacks
    bool is_evidence = false;  ///< it tells what the listing does not hold
  };
  /// After the last page.
  void complete(const PageCommit& commit, const Progress& progress, Worth worth);
  /// A page of a part of the listing came.
  void note_probe(ListingId listing, UnixSeconds at);
  /// A bookmark at which reading failed twice is dropped: whatever the reason is, it may be the token.
  void record_failure(const ListingFailure& failure);
  void drop_bookmark(ListingId listing);
  /// The watched listings of this one's user.
  std::vector<WatchedListing> watched_of_user(const ListingKey& listing);

 private:
  Listing watch(const ListingKey& key);

  Statement watch_;
  Statement find_;
  Statement get_;
  Statement watched_;
  Statement watched_after_;
  Statement narrowed_of_user_;
  Statement unwatch_;
  Statement keep_bookmark_;
  Statement complete_;
  Statement note_probe_;
  Statement record_failure_;
  Statement drop_bookmark_;
  Statement watched_of_user_;
};

}  // namespace couponsync
