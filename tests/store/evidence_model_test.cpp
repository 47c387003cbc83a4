#include "store/evidence_truth.h"
#include "store/mirror_fixture.h"
#include "support/sanitized.h"
#include "support/watchlist.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace couponsync {
namespace {

/// One user's listings, read all at once, with replies that come in any order, against what the API knows.
class Scene {
 public:
  Scene(Mirror& mirror, const std::filesystem::path& path, unsigned seed)
      : mirror_(mirror), path_(path), random_(seed), openid_("scene-" + std::to_string(seed)) {
    for (const ListingKey& key : listings_of_some_kind()) readings_.push_back({.key = key});
    watch();
    page_size_ = 1 + below(4);
    // Some APIs list what moved last at the end, so that rows move between pages.
    moved_last_ = below(2) == 0;
    const std::size_t coupons = 1 + below(6);
    for (std::size_t i = 0; i < coupons; ++i) add_coupon();
  }

  void play() {
    mirror_.begin();
    for (int step = 0; step < 70 && !testing::Test::HasFailure(); ++step) disturb_or_go_on();
    expect_latest_sightings();
    quiet_rounds();
    mirror_.commit();
    expect_truth();
    expect_feed_replays();
  }

 private:
  struct Request {
    RequestOrder sent = 0;
    std::optional<Page> reply{};
  };
  struct ReadingOf {
    ListingKey key{};
    Listing row{};
    RequestOrder began = 0;
    std::int64_t page_index = 0;
    bool confirming = false;
    bool after_break = false;
    std::optional<Request> request{};
  };

  std::size_t below(std::size_t limit) {
    return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_);
  }

  ListingKey narrowed(const std::string& stock, std::string_view state) const {
    ListingKey key = user(openid_);
    key.stock_id = stock;
    key.coupon_state = std::string(state);
    return key;
  }
  std::vector<ListingKey> all_states_of(const std::string& stock) const {
    std::vector<ListingKey> keys;
    for (const std::string_view state : kCouponStates) keys.push_back(narrowed(stock, state));
    return keys;
  }
  std::vector<ListingKey> listings_of_some_kind() {
    std::vector<ListingKey> keys = all_states_of("");
    switch (below(6)) {
      case 0:
        return {user(openid_)};
      case 1:
        return {user(openid_), narrowed("stock-1", ""), narrowed("", "USED")};
      case 2:
        return keys;
      case 3:
        keys.push_back(narrowed("stock-1", ""));
        return keys;
      case 4:
        keys.push_back(narrowed("stock-1", "EFFECTIVE"));
        return keys;
      default:
        std::ranges::shuffle(keys, random_);
        keys.resize(1 + below(3));
        return keys;
    }
  }

  void watch() {
    std::vector<ListingKey> keys;
    for (const ReadingOf& reading : readings_) keys.push_back(reading.key);
    const std::vector<Listing> rows = set_watchlist(mirror_, keys);
    for (std::size_t i = 0; i < rows.size(); ++i) readings_[i].row = rows[i];
    next_request_ = std::max(next_request_, mirror_.first_request_order());
  }

  void add_coupon() {
    truth_.coupons.push_back({.code = std::to_string(++codes_),
                              .stock = "stock-" + std::to_string(1 + below(2)),
                              .state = below(4)});
  }

  void disturb_or_go_on() {
    switch (below(10)) {
      case 0:
      case 1:
        return move_a_coupon();
      case 2:
        if (below(8) == 0) restart();
        return;
      case 3:
        if (below(4) == 0) fail(readings_[below(readings_.size())]);
        return;
      default:
        return go_on(readings_[below(readings_.size())]);
    }
  }

  void move_a_coupon() {
    if (below(8) == 0) add_coupon();
    const std::size_t i = below(truth_.coupons.size());
    Truth::Held& coupon = truth_.coupons[i];
    if (coupon.gone) return;
    if (coupon.state == kUsed && !coupon.returned && below(2) == 0) {
      coupon.state = kEffective;
      coupon.returned = true;
    } else if (below(6) == 0) {
      coupon.gone = true;
    } else if (coupon.state + 1 < kCouponStates.size()) {
      coupon.state += 1 + below(std::min<std::size_t>(2, kCouponStates.size() - 1 - coupon.state));
    }
    if (moved_last_)
      std::rotate(truth_.coupons.begin() + static_cast<std::ptrdiff_t>(i),
                  truth_.coupons.begin() + static_cast<std::ptrdiff_t>(i) + 1, truth_.coupons.end());
  }

  /// The request is sent; the API makes up its reply, some time later; the reply comes, some time later.
  void go_on(ReadingOf& reading) {
    if (!reading.request) {
      reading.request = Request{.sent = next_request_++};
      if (reading.page_index == 0 || reading.began == 0) reading.began = reading.request->sent;
      if (reading.page_index == 0) reading.after_break = false;
    } else if (!reading.request->reply) {
      reading.request->reply = answer(reading);
    } else {
      take(reading);
    }
  }

  Page answer(const ReadingOf& reading) const {
    const std::vector<const Truth::Held*> listed = truth_.listed(reading.key);
    const std::size_t from =
        reading.page_index == 0 ? 0 : static_cast<std::size_t>(std::stoul(*reading.row.next_page_token));
    Page page;
    for (std::size_t i = from; i < std::min(listed.size(), from + page_size_); ++i)
      page.coupons.push_back(coupon({.code = listed[i]->code,
                                     .state = std::string(kCouponStates[listed[i]->state]),
                                     .stock = listed[i]->stock}));
    if (reading.page_index == 0) page.total_count = static_cast<std::int64_t>(listed.size());
    if (from + page_size_ < listed.size()) page.next_page_token = std::to_string(from + page_size_);
    return page;
  }

  RequestOrder oldest_open() const {
    RequestOrder oldest = next_request_;
    for (const ReadingOf& reading : readings_)
      if (reading.request) oldest = std::min(oldest, reading.request->sent);
    return oldest;
  }

  void take(ReadingOf& reading) {
    const RequestOrder sent = reading.request->sent;
    const Page page = std::move(*reading.request->reply);
    for (const Coupon& coupon : page.coupons) {
      Latest& latest = latest_[coupon.coupon_code.reveal()];
      if (sent >= latest.sent) latest = {sent, coupon.coupon_state.value()};
    }
    ++now_;
    const PageOutcome outcome = mirror_.apply_page({.listing = reading.row.id,
                                                    .page = page,
                                                    .page_index = reading.page_index,
                                                    .started_at = now_,
                                                    .seen = {.sent = sent,
                                                             .reading_began = reading.began,
                                                             .received = next_request_,
                                                             .observed_at = now_},
                                                    .next_due_at = now_ + 900,
                                                    .after_break = reading.after_break,
                                                    .oldest_open = oldest_open()});
    reading.request.reset();
    reading.row = outcome.after;
    reading.page_index = outcome.ending == Ending::none ? reading.page_index + 1 : 0;
    if (outcome.ending != Ending::none) {
      reading.confirming = outcome.ending == Ending::unconfirmed && !reading.confirming;
      reading.after_break = false;
    }
    if (outcome.missing > 0) expect_nothing_missing_that_exists();
  }

  /// Tells whether the mirror has to be asked again.
  void fail(ReadingOf& reading) {
    if (!reading.request && reading.page_index == 0) return;
    reading.row = mirror_.record_failure(
        {.listing = reading.row.id, .code = "TIMED_OUT", .message = {}, .request_id = {}});
    resume(reading);
  }
  static void resume(ReadingOf& reading) {
    reading.request.reset();
    reading.began = 0;
    reading.confirming = false;
    reading.page_index = reading.row.next_page_token ? reading.row.pages_done : 0;
    reading.after_break = reading.page_index > 0;
  }
  void restart() {
    mirror_.commit();
    {
      const Mirror closed = std::move(mirror_);
    }
    mirror_ = Mirror::open({.path = path_, .durability = Durability::normal});
    mirror_.begin();
    watch();
    for (ReadingOf& reading : readings_) resume(reading);
  }

  /// What is on its way comes; then nothing moves any more, and everything is read twice, one listing after
  /// the other.
  void quiet_rounds() {
    for (ReadingOf& reading : readings_) {
      while (reading.request) go_on(reading);
      reading.confirming = false;
    }
    std::ranges::stable_sort(readings_, {}, [](const ReadingOf& reading) {
      return life_stage(reading.key.coupon_state).value_or(0);
    });
    for (int round = 0; round < 2; ++round)
      for (ReadingOf& reading : readings_) {
        reading.page_index = 0;
        do go_on(reading);
        while (reading.request || reading.page_index > 0 || reading.confirming);
      }
  }

  std::vector<std::string> select(const std::string& columns, const std::string& where) const {
    return rows(path_, "SELECT " + columns + " FROM coupon WHERE openid = '" + openid_ + "'" + where +
                           " ORDER BY CAST(coupon_code AS INTEGER)");
  }
  const Truth::Held& held(const std::string& code) const {
    return *std::ranges::find(truth_.coupons, code, &Truth::Held::code);
  }

  void expect_nothing_missing_that_exists() {
    mirror_.commit();
    for (const std::string& code : select("coupon_code", " AND missing_since IS NOT NULL"))
      EXPECT_TRUE(held(code).gone) << "coupon " << code << " of " << openid_ << " exists";
    mirror_.begin();
  }

  void expect_latest_sightings() {
    mirror_.commit();
    for (const auto& [code, latest] : latest_) {
      if (held(code).gone) continue;  // a reply to a request of before it was missed tells nothing any more
      EXPECT_EQ(select("coupon_state", " AND coupon_code = '" + code + "'"),
                std::vector<std::string>{latest.state})
          << "coupon " << code << " of " << openid_;
    }
    mirror_.begin();
  }

  bool shows(const ReadingOf& reading, const Truth::Held& coupon) const {
    const std::vector<const Truth::Held*> listed = truth_.listed(reading.key);
    return std::ranges::find(listed, &coupon) != listed.end();
  }
  bool covers_all_states(const Truth::Held& coupon) const {
    std::set<std::string> states;
    for (const ReadingOf& reading : readings_)
      if (reading.key.stock_id.empty() || reading.key.stock_id == coupon.stock)
        states.insert(reading.key.coupon_state);
    return states.contains("") || states.size() == kCouponStates.size();
  }

  void expect_truth() const {
    for (const std::string& line :
         select("coupon_code || '|' || coupon_state || '|' || iif(missing_since IS NOT NULL, 'missing',"
                " iif(unlisted_since IS NOT NULL, 'unlisted', 'listed'))",
                "")) {
      const std::string code = line.substr(0, line.find('|'));
      const Truth::Held& coupon = held(code);
      const bool listed =
          std::ranges::any_of(readings_, [&](const ReadingOf& reading) { return shows(reading, coupon); });
      const std::string how = line.substr(line.rfind('|') + 1);
      if (listed) {
        EXPECT_EQ(line, code + "|" + std::string(kCouponStates[coupon.state]) + "|listed") << openid_;
      } else {
        EXPECT_EQ(how, covers_all_states(coupon) ? "missing" : "unlisted") << line << " of " << openid_;
      }
    }
  }

  void expect_feed_replays() const {
    struct Replayed {
      std::string state;
      std::string how = "listed";
    };
    std::map<std::string, Replayed> replayed;
    for (const std::string& line :
         rows(path_,
              "SELECT coupon_code, kind, from_state, to_state FROM coupon_change JOIN coupon ON coupon.id ="
              " coupon_id WHERE openid = '" +
                  openid_ + "' ORDER BY seq")) {
      std::vector<std::string> fields(1);
      for (const char c : line) {
        if (c == '|')
          fields.emplace_back();
        else
          fields.back() += c;
      }
      Replayed& coupon = replayed[fields[0]];
      const std::string& kind = fields[1];
      EXPECT_EQ(kind == "added", coupon.state.empty()) << line;
      if (kind != "added") {
        EXPECT_EQ(coupon.state, fields[2]) << line;
      }
      if (kind == "returned") {
        EXPECT_EQ(coupon.how, "missing") << line;
      }
      if (kind == "listed") {
        EXPECT_EQ(coupon.how, "unlisted") << line;
      }
      if (kind == "missing" || kind == "unlisted") coupon.how = kind;
      if (kind == "returned" || kind == "listed") coupon.how = "listed";
      coupon.state = fields[3];
    }
    std::vector<std::string> lines;
    for (const auto& [code, coupon] : replayed) lines.push_back(code + "|" + coupon.state + "|" + coupon.how);
    std::ranges::sort(lines);
    std::vector<std::string> stored = select(
        "coupon_code || '|' || coupon_state || '|' || iif(missing_since IS NOT NULL, 'missing',"
        " iif(unlisted_since IS NOT NULL, 'unlisted', 'listed'))",
        "");
    std::ranges::sort(stored);
    EXPECT_EQ(lines, stored) << openid_;
  }

  struct Latest {
    RequestOrder sent = 0;
    std::string state{};
  };

  Mirror& mirror_;
  std::filesystem::path path_;
  std::mt19937 random_;
  std::string openid_;
  Truth truth_;
  std::vector<ReadingOf> readings_;
  std::map<std::string, Latest> latest_;
  RequestOrder next_request_ = 1;
  UnixSeconds now_ = 1'750'000'000;
  std::size_t page_size_ = 1;
  bool moved_last_ = false;
  int codes_ = 0;
};

class EvidenceModel : public testing::TestWithParam<unsigned> {
 protected:
  TemporaryFolder folder;
  std::filesystem::path path = folder.path() / "mirror.db";
  Mirror mirror = Mirror::open({.path = path, .durability = Durability::normal});
};

/// Each of the scenes has readings that overlap and break, replies that come late, restarts of the process,
/// and coupons that move meanwhile.
TEST_P(EvidenceModel, NeverMarksWhatExistsAndFindsWhatIsGone) {
  constexpr unsigned kScenes = test::repetitions(300);
  for (unsigned i = 0; i < kScenes; ++i) {
    const unsigned seed = GetParam() * 1'000 + i;
    Scene(mirror, path, seed).play();
    if (HasFailure()) FAIL() << "in the scene of seed " << seed;
  }
}

INSTANTIATE_TEST_SUITE_P(Hundreds, EvidenceModel, testing::Range(0U, 10U));

}  // namespace
}  // namespace couponsync
