#pragma once

#include "store/mirror.h"
#include "support/temporary_folder.h"
#include "support/watchlist.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace SQLite {
class Database;
}

namespace couponsync {

using test::TemporaryFolder;

/// The rows a query gives, as a reader with a connection of its own sees them: values as SQL literals, '|'
/// between columns.
std::vector<std::string> rows(const std::filesystem::path& mirror, const std::string& sql);
/// The only value of the only row.
std::string value(const std::filesystem::path& mirror, const std::string& sql);
/// Every row of every table, with its table's name; but not what belongs to the log and not to the contents.
std::vector<std::string> dump(const std::filesystem::path& mirror);
/// Runs SQL on a connection that may write, as a test's other program.
void execute(const std::filesystem::path& database, const std::string& sql);

/// A reader that can tell whether anything was written since.
class DataVersion {
 public:
  explicit DataVersion(const std::filesystem::path& mirror);
  ~DataVersion();
  std::int64_t now();

 private:
  std::unique_ptr<SQLite::Database> database_;
};

Digest hash_of(const std::string& text);

/// A coupon whose content hash follows from its members, as the decoder's does.
struct CouponSpec {
  std::string code;
  std::string state = "EFFECTIVE";
  std::string stock = "stock-1";
  Text product = "product-1";
  Integer used_count{};
  std::vector<UsageDetail> details{};
  std::string attach{};
};
Coupon coupon(const CouponSpec& spec);
Coupon coupon(const std::string& code, const std::string& state = "EFFECTIVE");
/// A use, or a round, at a time.
UsageDetail use(UsageMode mode, std::int64_t item_index, Instant use_time);
Stock stock(const std::string& id, Text product = "product-1", Integer sent_total_count = 1);
ProductCoupon product(const std::string& id);
Page page_of(std::initializer_list<CouponSpec> coupons, Integer total_count = {}, Text next_page_token = {});

ListingKey user(const std::string& openid);

/// A mirror in a folder of its own, with one watched listing unless a test says otherwise.
class MirrorTest : public testing::Test {
 protected:
  MirrorTest() : path(folder.path() / "mirror.db"), mirror(Mirror::open({.path = path})) {}

  ListingId watch(const ListingKey& key) {
    watched.push_back(key);
    return set_watchlist(mirror, watched).back().id;
  }
  /// Sends a request now: its place among all requests.
  RequestOrder send() { return next_request++; }
  /// Applies a page at `now`, whose request was sent after every one before it.
  PageOutcome apply(ListingId listing, Page page, std::int64_t page_index = 0) {
    return apply_reply(send(), listing, std::move(page), page_index);
  }
  /// Applies the reply to a request that was sent earlier.
  PageOutcome apply_reply(RequestOrder sent, ListingId listing, Page page, std::int64_t page_index = 0) {
    if (page_index == 0) reading_began[listing] = sent;
    return mirror.apply_page({.listing = listing,
                              .page = std::move(page),
                              .page_index = page_index,
                              .started_at = now,
                              .seen = {.sent = sent,
                                       .reading_began = reading_began[listing],
                                       .received = next_request,
                                       .observed_at = now},
                              .next_due_at = now + 900,
                              .oldest_open = oldest_open});
  }
  /// The change feed as "KIND FROM TO", oldest first.
  std::vector<std::string> changes() const {
    return rows(path, "SELECT kind, from_state, to_state FROM coupon_change ORDER BY seq");
  }
  void reopen() {
    {
      const Mirror closed = std::move(mirror);
    }
    mirror = Mirror::open({.path = path});
    next_request = mirror.first_request_order();
    reading_began.clear();
  }

  TemporaryFolder folder;
  std::filesystem::path path;
  Mirror mirror;
  std::vector<ListingKey> watched;
  UnixSeconds now = 1'750'000'000;
  RequestOrder next_request = mirror.first_request_order();
  RequestOrder oldest_open = 0;
  std::map<ListingId, RequestOrder> reading_began;
};

}  // namespace couponsync
