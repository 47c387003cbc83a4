#include "store/mirror_fixture.h"
#include "support/watchlist.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <tuple>

namespace couponsync {
namespace {

using Lines = std::vector<std::string>;

/// Random readings of a few listings against a model that knows the rules and nothing of SQL.
class Model {
 public:
  struct Stored {
    std::string state;
    std::string attach;
    bool missing = false;
  };
  struct ReadingModel {
    std::set<std::string> seen;
    std::set<std::string> seen_elsewhere;
    std::optional<std::set<std::string>> seen_before;
    Integer promised;
    bool ended = false;
  };

  explicit Model(std::vector<ListingKey> keys)
      : keys_(std::move(keys)),
        pages_(keys_.size(), 0),
        failures_(keys_.size(), 0),
        readings_(keys_.size()) {}

  std::int64_t pages_done(std::size_t listing) const { return pages_[listing]; }

  void apply(std::size_t listing, const std::vector<CouponSpec>& coupons, Integer total_count, bool last) {
    std::optional<ReadingModel>& reading = readings_[listing];
    const bool first = pages_[listing] == 0;
    if (first) {
      std::optional<std::set<std::string>> before;
      if (reading && reading->ended) before = reading->seen;
      reading = ReadingModel{{}, {}, before, total_count, false};
    }
    // Of entries for one coupon the page's last one counts.
    for (auto spec = coupons.begin(); spec != coupons.end(); ++spec)
      if (std::none_of(spec + 1, coupons.end(), [&](const CouponSpec& later) {
            return key_of(keys_[listing], later) == key_of(keys_[listing], *spec);
          }))
        store(listing, *spec);
    pages_[listing] = last ? 0 : pages_[listing] + 1;
    failures_[listing] = 0;
    if (!last) return;
    if (reading && reading->promised && *reading->promised == static_cast<std::int64_t>(reading->seen.size()))
      end_whole(listing, first);
    if (reading && !reading->ended) reading.reset();
  }
  void break_readings() {
    for (auto& reading : readings_) reading.reset();
  }
  void fail(std::size_t listing) {
    readings_[listing].reset();
    if (pages_[listing] > 0 && ++failures_[listing] == 2) restart(listing);
  }
  void restart(std::size_t listing) {
    pages_[listing] = 0;
    failures_[listing] = 0;
    readings_[listing].reset();
  }

  Lines coupons() const {
    Lines lines;
    for (const auto& [key, stored] : coupons_)
      lines.push_back(key + "|" + stored.state + "|" + stored.attach + "|" + (stored.missing ? "1" : "0"));
    return lines;
  }
  const Lines& changes() const { return changes_; }

 private:
  static std::string user_of(const ListingKey& key) { return key.openid.reveal() + "|"; }
  static std::string key_of(const ListingKey& key, const CouponSpec& spec) {
    return user_of(key) + spec.stock + "|" + spec.code;
  }
  void change(const std::string& kind, const std::string& coupon, const std::string& from,
              const std::string& to) {
    changes_.push_back(coupon + "|" + kind + "|" + from + "|" + to);
  }
  void store(std::size_t listing, const CouponSpec& spec) {
    const std::string key = key_of(keys_[listing], spec);
    for (std::size_t i = 0; i < keys_.size(); ++i)
      if (readings_[i] && keys_[i].openid == keys_[listing].openid)
        (i == listing ? readings_[i]->seen : readings_[i]->seen_elsewhere).insert(key);
    const auto [found, added] = coupons_.try_emplace(key, Stored{spec.state, spec.attach});
    if (added) return change("added", key, "NULL", spec.state);
    Stored& stored = found->second;
    if (stored.missing) change("returned", key, stored.state, stored.state);
    if (stored.state != spec.state)
      change("state", key, stored.state, spec.state);
    else if (stored.attach != spec.attach)
      change("other", key, stored.state, spec.state);
    stored = {spec.state, spec.attach, false};
  }
  /// What was expected and not seen is missing, if the reading was one moment or repeats the one before.
  void end_whole(std::size_t listing, bool single_page) {
    ReadingModel& reading = *readings_[listing];
    const ListingKey& key = keys_[listing];
    std::vector<std::string> absent;
    for (const auto& [coupon, stored] : coupons_)
      if (is_expected(key, coupon, stored) && !reading.seen.contains(coupon) &&
          !reading.seen_elsewhere.contains(coupon))
        absent.push_back(coupon);
    reading.ended = !absent.empty() && !single_page && reading.seen_before != reading.seen;
    // A listing of one state leaves it to the user's listing of all states, which is watched, too.
    if (reading.ended || !key.coupon_state.empty()) return;
    for (const std::string& coupon : absent) {
      Stored& stored = coupons_.at(coupon);
      stored.missing = true;
      change("missing", coupon, stored.state, stored.state);
    }
  }
  static bool is_expected(const ListingKey& listing, const std::string& coupon, const Stored& stored) {
    const std::string prefix = user_of(listing) + (listing.stock_id.empty() ? "" : listing.stock_id + "|");
    return coupon.starts_with(prefix) && !stored.missing &&
           (listing.coupon_state.empty() || listing.coupon_state == stored.state);
  }

  std::vector<ListingKey> keys_;
  std::vector<std::int64_t> pages_;
  std::vector<int> failures_;  ///< at the bookmark
  std::vector<std::optional<ReadingModel>> readings_;
  std::map<std::string, Stored> coupons_;
  Lines changes_;
};

class MirrorModel : public MirrorTest, public testing::WithParamInterface<unsigned> {
 protected:
  static std::vector<ListingKey> keys() {
    ListingKey one_stock = user("openid-1");
    one_stock.stock_id = "stock-1";
    ListingKey one_state = user("openid-1");
    one_state.coupon_state = "USED";
    return {user("openid-1"), user("openid-2"), one_stock, one_state};
  }
  std::size_t below(std::size_t limit) {
    return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random);
  }

  std::vector<CouponSpec> some_coupons(const ListingKey& listing) {
    static const std::vector<std::string> kStates{"EFFECTIVE", "USED", "EXPIRED"};
    std::vector<CouponSpec> coupons(below(4));
    for (CouponSpec& spec : coupons) {
      spec.code = std::to_string(below(5));
      spec.stock = listing.stock_id.empty() ? "stock-" + std::to_string(1 + below(2)) : listing.stock_id;
      spec.state = listing.coupon_state.empty() ? kStates[below(3)] : listing.coupon_state;
      spec.attach = below(4) == 0 ? "note" : "";
    }
    return coupons;
  }
  void read_a_page(std::size_t i) {
    const std::vector<CouponSpec> specs = some_coupons(model.keys[i]);
    const bool last = below(2) == 0;
    const Integer total_count = model.pages_done(i) == 0 ? Integer(below(5)) : Integer();
    Page page;
    for (const CouponSpec& spec : specs) page.coupons.push_back(coupon(spec));
    page.total_count = total_count;
    if (!last) page.next_page_token = "t";
    const bool group = below(4) == 0;
    if (group) mirror.begin();
    apply(ids[i], page, model.pages_done(i));
    if (group) mirror.commit();
    model.apply(i, specs, total_count, last);
  }
  void disturb(std::size_t i) {
    switch (below(4)) {
      case 0:
        mirror.record_failure({.listing = ids[i], .code = "X", .message = {}, .request_id = {}});
        return model.fail(i);
      case 1:
        mirror.drop_bookmark(ids[i]);
        return model.restart(i);
      case 2:
        reopen();
        return model.break_readings();
      default:
        mirror.begin();
        apply(ids[i], page_of({{.code = "never"}}, {}, "t"), model.pages_done(i));
        mirror.rollback();
        return model.break_readings();
    }
  }
  void expect_equal() const {
    EXPECT_EQ(rows(path,
                   "SELECT openid, stock_id, coupon_code, coupon_state, attach, missing_since IS NOT NULL"
                   " FROM coupon ORDER BY 1, 2, 3"),
              model.coupons());
    // Within one page the order of what went missing is nobody's business.
    Lines expected = model.changes();
    Lines found = rows(path,
                       "SELECT openid, stock_id, coupon_code, kind, from_state, to_state FROM coupon_change"
                       " JOIN coupon ON coupon.id = coupon_id ORDER BY seq");
    EXPECT_EQ(found.size(), expected.size());
    std::ranges::sort(expected);
    std::ranges::sort(found);
    EXPECT_EQ(found, expected);
  }

  struct KeyedModel : Model {
    explicit KeyedModel(std::vector<ListingKey> all) : Model(all), keys(std::move(all)) {}
    std::vector<ListingKey> keys;
  };

  std::mt19937 random{GetParam()};
  KeyedModel model{keys()};
  std::vector<ListingId> ids;
};

TEST_P(MirrorModel, HoldsWhatTheRulesSay) {
  for (const Listing& state : set_watchlist(mirror, model.keys)) ids.push_back(state.id);
  for (int step = 0; step < 400; ++step) {
    const std::size_t i = below(ids.size());
    if (below(12) == 0)
      disturb(i);
    else
      read_a_page(i);
    ++now;
    if (step % 10 == 0) expect_equal();
    if (HasFailure()) FAIL() << "at step " << step << " of seed " << GetParam();
  }
  expect_equal();
}

INSTANTIATE_TEST_SUITE_P(Seeds, MirrorModel, testing::Range(1U, 9U));

}  // namespace
}  // namespace couponsync
