#pragma once

#include "sim/world.h"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace SQLite {
class Database;
}

namespace couponsync::sim {

/// A page that the API gave to a call, in the order in which the calls were sent.
struct Shown {
  std::uint64_t sent = 0;
  ListingKey key;
  bool is_first = true;
  std::string next_token;
  std::vector<Truth::Held> coupons;
};

/// Knows every page that was given out, and so what the mirror's rows may say. What the service told it
/// committed, or what its bookmark proves, must be in the mirror; what it may have stored can be.
class Oracle {
 public:
  void given(Shown page);
  /// The service says so. Where only one page can be meant, it is certain.
  void committed(const ListingKey& key, bool is_first);
  /// The process ended: nothing that is on its way comes any more.
  void process_ended() { open_.clear(); }
  /// Another file begins.
  void forget_all();

  /// What is wrong with the mirror at rest, the first of it; nothing if it is right. At any moment:
  std::optional<std::string> find_fault(SQLite::Database& database, const World& world,
                                        std::chrono::nanoseconds now);

 private:
  struct Possible {
    std::uint64_t sent = 0;
    std::string state;
    int version = 0;
  };
  struct Known {
    std::vector<Possible> possible;
    std::uint64_t certain = 0;  ///< the last request that was certainly stored
  };
  using CouponKey = std::pair<std::string, std::string>;  ///< openid, code

  void make_certain(const Shown& page);
  std::optional<std::string> bookmarks_fault(SQLite::Database& database);
  std::optional<std::string> rows_fault(SQLite::Database& database, const World& world,
                                        std::chrono::nanoseconds now);

  std::map<CouponKey, Known> coupons_;
  std::map<ListingKey, std::vector<Shown>> open_;  ///< given, and not known to be stored
  std::map<std::string, Shown> by_token_;
};

/// Whether a coupon is marked missing that exists, and did while it was looked for.
std::optional<std::string> missing_fault(SQLite::Database& database, const World& world,
                                         std::chrono::nanoseconds now);
/// Moves with everything that is written because of what a page shows.
std::string changes_of(SQLite::Database& database);
/// Whether the change feed replays to the coupon table.
std::optional<std::string> feed_fault(SQLite::Database& database);
/// Whether the mirror says what the world is, once everything was read after its last change.
std::optional<std::string> truth_fault(SQLite::Database& database, const World& world,
                                       const Settings& settings, const std::set<int>& layout_changed);

}  // namespace couponsync::sim
