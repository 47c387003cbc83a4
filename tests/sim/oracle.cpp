#include "sim/oracle.h"

#include "base/coupon_state.h"

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>
#include <fmt/format.h>

#include <algorithm>

namespace couponsync::sim {
namespace {

/// Readings that a coupon was not in may be as old as that.
constexpr std::chrono::nanoseconds kOldestEvidence = std::chrono::hours(2);

int user_of(const std::string& openid) { return std::stoi(openid.substr(1)); }

const Truth::Held* find(const World& world, const std::string& openid, const std::string& code) {
  const auto& coupons = world.of(user_of(openid)).coupons;
  const auto found = std::ranges::find(coupons, code, &Truth::Held::code);
  return found == coupons.end() ? nullptr : &*found;
}

bool is_there_for_long(const World& world, const Truth::Held& coupon, int user,
                       std::chrono::nanoseconds now) {
  const auto absent = world.last_absent(user, coupon.code);
  return !coupon.gone && (absent == std::chrono::nanoseconds::min() || now - absent > kOldestEvidence);
}

int version_of(const std::string& attach) { return attach.empty() ? -1 : std::stoi(attach.substr(1)); }

}  // namespace

void Oracle::given(Shown page) {
  for (const Truth::Held& coupon : page.coupons)
    coupons_[{page.key.openid.reveal(), coupon.code}].possible.push_back(
        {page.sent, std::string(kCouponStates[coupon.state]), coupon.version});
  if (!page.next_token.empty()) by_token_[page.next_token] = page;
  open_[page.key].push_back(std::move(page));
}

void Oracle::committed(const ListingKey& key, bool is_first) {
  std::vector<Shown>& open = open_[key];
  const auto fits = [&](const Shown& page) { return page.is_first == is_first; };
  if (std::ranges::count_if(open, fits) == 1) make_certain(*std::ranges::find_if(open, fits));
  open.clear();
}

void Oracle::make_certain(const Shown& page) {
  for (const Truth::Held& coupon : page.coupons) {
    Known& known = coupons_[{page.key.openid.reveal(), coupon.code}];
    known.certain = std::max(known.certain, page.sent);
    std::erase_if(known.possible, [&](const Possible& possible) { return possible.sent < known.certain; });
  }
}

void Oracle::forget_all() {
  coupons_.clear();
  open_.clear();
  by_token_.clear();
}

std::optional<std::string> Oracle::find_fault(SQLite::Database& database, const World& world,
                                              std::chrono::nanoseconds now) {
  if (auto fault = bookmarks_fault(database)) return fault;
  if (auto fault = rows_fault(database, world, now)) return fault;
  if (auto fault = missing_fault(database, world, now)) return fault;
  return feed_fault(database);
}

/// A bookmark proves that the page it came with is stored.
std::optional<std::string> Oracle::bookmarks_fault(SQLite::Database& database) {
  SQLite::Statement query(database,
                          "SELECT id, next_page_token, pages_done FROM listing"
                          " WHERE next_page_token IS NOT NULL");
  while (query.executeStep()) {
    const auto listing = query.getColumn(0).getInt64();
    const std::string token = query.getColumn(1).getString();
    if (query.getColumn(2).getInt64() < 1)
      return fmt::format("listing {} has a bookmark and no page", listing);
    const auto found = by_token_.find(token);
    if (found == by_token_.end())
      return fmt::format("listing {} has a bookmark that was never given: {}", listing, token);
    make_certain(found->second);
  }
  return std::nullopt;
}

std::optional<std::string> Oracle::rows_fault(SQLite::Database& database, const World& world,
                                              std::chrono::nanoseconds now) {
  std::set<CouponKey> stored;
  SQLite::Statement query(database, "SELECT openid, coupon_code, coupon_state, attach, stock_id FROM coupon");
  while (query.executeStep()) {
    const CouponKey key{query.getColumn(0).getString(), query.getColumn(1).getString()};
    stored.insert(key);
    const Truth::Held* held = find(world, key.first, key.second);
    const auto known = coupons_.find(key);
    if (held == nullptr || known == coupons_.end() || held->stock != query.getColumn(4).getString())
      return fmt::format("coupon {} of {} was never shown", key.second, key.first);
    const bool was_always_there = is_there_for_long(world, *held, user_of(key.first), now);
    // A reply to a request of before it was missed tells nothing any more.
    if (!was_always_there) continue;
    const std::string state = query.getColumn(2).getString();
    const int version = version_of(query.getColumn(3).getString());
    const auto fits = [&](const Possible& possible) {
      return possible.state == state && possible.version == version;
    };
    if (std::ranges::none_of(known->second.possible, fits))
      return fmt::format(
          "coupon {} of {} is {} v{}, which no reply that counts has shown (certain: request {})", key.second,
          key.first, state, version, known->second.certain);
  }
  for (const auto& [key, known] : coupons_)
    if (known.certain > 0 && !stored.contains(key))
      return fmt::format("coupon {} of {} was committed and is lost", key.second, key.first);
  return std::nullopt;
}

std::optional<std::string> missing_fault(SQLite::Database& database, const World& world,
                                         std::chrono::nanoseconds now) {
  SQLite::Statement query(database, "SELECT openid, coupon_code FROM coupon WHERE missing_since IS NOT NULL");
  while (query.executeStep()) {
    const std::string openid = query.getColumn(0).getString();
    const Truth::Held* held = find(world, openid, query.getColumn(1).getString());
    if (held != nullptr && is_there_for_long(world, *held, user_of(openid), now))
      return fmt::format("coupon {} of {} exists and is marked missing", held->code, openid);
  }
  return std::nullopt;
}

std::string changes_of(SQLite::Database& database) {
  return database
      .execAndGet(
          "SELECT (SELECT count(*) FROM coupon_change) || ' ' || (SELECT count(*) FROM usage_detail) ||"
          " ' ' || (SELECT total(changed_at) FROM stock) || ' ' ||"
          " (SELECT total(changed_at) FROM product_coupon)")
      .getString();
}

std::optional<std::string> feed_fault(SQLite::Database& database) {
  struct Replayed {
    std::string state;
    std::string how = "listed";
  };
  std::map<std::int64_t, Replayed> replayed;
  SQLite::Statement feed(database,
                         "SELECT coupon_id, kind, from_state, to_state, seq FROM coupon_change ORDER BY seq");
  while (feed.executeStep()) {
    const auto id = feed.getColumn(0).getInt64();
    const std::string kind = feed.getColumn(1).getString();
    const bool is_known = replayed.contains(id);
    Replayed& coupon = replayed[id];
    const auto wrong = [&](std::string_view what) {
      return fmt::format("change {} ({} of coupon {}): {}", feed.getColumn(4).getInt64(), kind, id, what);
    };
    if ((kind == "added") == is_known) return wrong("added is not its first");
    if (is_known && coupon.state != feed.getColumn(2).getString())
      return wrong("does not follow the one before");
    if (kind == "returned" && coupon.how != "missing") return wrong("it was not missing");
    if (kind == "listed" && coupon.how != "unlisted") return wrong("it was not unlisted");
    if (kind == "missing" || kind == "unlisted") coupon.how = kind;
    if (kind == "returned" || kind == "listed") coupon.how = "listed";
    coupon.state = feed.getColumn(3).getString();
  }
  SQLite::Statement rows(database,
                         "SELECT id, coupon_state, iif(missing_since IS NOT NULL, 'missing',"
                         " iif(unlisted_since IS NOT NULL, 'unlisted', 'listed')) FROM coupon");
  std::size_t count = 0;
  while (rows.executeStep()) {
    ++count;
    const Replayed& coupon = replayed[rows.getColumn(0).getInt64()];
    if (coupon.state != rows.getColumn(1).getString() || coupon.how != rows.getColumn(2).getString())
      return fmt::format("coupon {} is {} {}, its changes end at {} {}", rows.getColumn(0).getInt64(),
                         rows.getColumn(1).getString(), rows.getColumn(2).getString(), coupon.state,
                         coupon.how);
  }
  if (count != replayed.size()) return "the changes tell of coupons that are not there";
  return std::nullopt;
}

std::optional<std::string> truth_fault(SQLite::Database& database, const World& world,
                                       const Settings& settings, const std::set<int>& layout_changed) {
  std::map<std::pair<std::string, std::string>, std::string> rows;
  SQLite::Statement query(
      database,
      "SELECT openid, coupon_code, coupon_state || ' ' || attach || ' ' ||"
      " (SELECT count(*) FROM usage_detail WHERE coupon_id = coupon.id) || ' ' ||"
      " iif(missing_since IS NOT NULL, 'missing', iif(unlisted_since IS NOT NULL, 'unlisted',"
      " 'listed')) FROM coupon");
  while (query.executeStep())
    rows[{query.getColumn(0).getString(), query.getColumn(1).getString()}] = query.getColumn(2).getString();
  for (std::size_t user = 0; user < world.users(); ++user) {
    if (!settings.watched[user]) continue;
    const std::vector<ListingKey> keys = listings_of(static_cast<int>(user), settings.layout[user]);
    for (const Truth::Held& coupon : world.of(static_cast<int>(user)).coupons) {
      const auto shows = [&](const ListingKey& key) {
        const auto listed = world.listed(key);
        return std::ranges::find(listed, &coupon) != listed.end();
      };
      std::set<std::string> states;
      for (const ListingKey& key : keys)
        if ((key.stock_id.empty() || key.stock_id == coupon.stock) &&
            (key.product_coupon_id.empty() || key.product_coupon_id == product_of(coupon.stock)))
          states.insert(key.coupon_state);
      const bool covers_all = states.contains("") || states.size() == kCouponStates.size();
      const auto row = rows.find({openid_of(static_cast<int>(user)), coupon.code});
      const std::string found = row == rows.end() ? "not there" : row->second;
      const std::string name =
          fmt::format("coupon {} of {} ", coupon.code, openid_of(static_cast<int>(user)));
      if (std::ranges::any_of(keys, shows)) {
        const std::string expected = fmt::format("{} v{} {} listed", kCouponStates[coupon.state],
                                                 coupon.version, 1 + coupon.version % 3);
        if (found != expected) return fmt::format("{}should be {}, is {}", name, expected, found);
      } else if (row != rows.end() && !states.empty()) {
        const std::string expected = covers_all ? "missing" : "unlisted";
        const bool was_in_another = layout_changed.contains(static_cast<int>(user)) && !covers_all;
        if (!found.ends_with(" " + expected) && !was_in_another)
          return fmt::format("{}should be {}, is {}", name, expected, found);
      }
    }
  }
  return std::nullopt;
}

}  // namespace couponsync::sim
