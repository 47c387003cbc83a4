#pragma once

#include "store/mirror.h"
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
  std::vector<ListingState> set_watchlist(std::span<const ListingKey> keys);
  std::vector<ListingState> watch(std::span<const ListingKey> keys);
  /// Gives those that were watched until now.
  std::vector<ListingId> unwatch_all_but(std::span<const ListingId> listings);
  ListingState get(ListingId listing);

  /// What a listing's row says of the reading under way.
  struct Progress {
    Integer total_count;
    Instant started_at;
  };
  /// After a page that did not complete its listing: the checkpoint behind it, none behind the last one.
  void keep_checkpoint(const PageCommit& commit, const Progress& progress);
  /// After the last page.
  void complete(const PageCommit& commit, const Progress& progress, bool whole);
  void record_failure(const ListingFailure& failure);
  void drop_checkpoint(ListingId listing);

 private:
  ListingState watch(const ListingKey& key);

  Statement watch_;
  Statement find_;
  Statement get_;
  Statement watched_;
  Statement unwatch_;
  Statement keep_checkpoint_;
  Statement complete_;
  Statement record_failure_;
  Statement drop_checkpoint_;
};

}  // namespace couponsync
