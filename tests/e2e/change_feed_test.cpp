#include "e2e/e2e_fixture.h"
#include "support/sanitized.h"

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>

#include <csignal>
#include <map>
#include <random>
#include <set>

namespace couponsync::test {
namespace {

/// A job as a user would write it: it remembers the last seq it handled and applies what came after to a copy
/// of its own. It sees at each step that the feed says nothing twice and leaves nothing out.
class Consumer {
 public:
  struct Copy {
    std::string state;
    bool missing = false;
    bool operator==(const Copy&) const = default;
  };

  void catch_up(const std::filesystem::path& mirror) {
    SQLite::Database database(mirror.string(), SQLite::OPEN_READONLY, 5'000);
    SQLite::Statement rows(database,
                           "SELECT seq, coupon_id, kind, coalesce(from_state, ''), coalesce(to_state, '')"
                           " FROM coupon_change WHERE seq > ? ORDER BY seq");
    rows.bind(1, seq_);
    while (rows.executeStep()) {
      seq_ = rows.getColumn(0).getInt64();
      apply(rows.getColumn(1).getInt64(), rows.getColumn(2).getString(), rows.getColumn(3).getString(),
            rows.getColumn(4).getString());
    }
  }

  const std::map<std::int64_t, Copy>& copies() const { return copies_; }
  const std::vector<std::string>& objections() const { return objections_; }
  std::int64_t seq() const { return seq_; }

 private:
  void apply(std::int64_t id, const std::string& kind, const std::string& from, const std::string& to) {
    const auto known = copies_.find(id);
    if (kind == "added") {
      if (known != copies_.end()) object(id, "added twice");
      copies_[id] = {to, false};
      return;
    }
    if (known == copies_.end()) return object(id, kind + " before added");
    Copy& copy = known->second;
    if (copy.state != from) object(id, kind + " from " + from + ", was " + copy.state);
    if (kind == "state" ? from == to : from != to) object(id, kind + " from " + from + " to " + to);
    if (copy.missing != (kind == "returned"))
      object(id, kind + (copy.missing ? " of a missing one" : " of one listed"));
    copy = {to, kind == "missing"};
  }
  void object(std::int64_t id, const std::string& what) {
    objections_.push_back("seq " + std::to_string(seq_) + ", coupon " + std::to_string(id) + ": " + what);
  }

  std::int64_t seq_ = 0;
  std::map<std::int64_t, Copy> copies_;
  std::vector<std::string> objections_;
};

class ChangeFeed : public E2eTest {
 protected:
  std::map<std::int64_t, Consumer::Copy> table() const {
    std::map<std::int64_t, Consumer::Copy> rows;
    SQLite::Database database(sandbox_mirror(), SQLite::OPEN_READONLY, 5'000);
    SQLite::Statement select(database,
                             "SELECT id, coalesce(coupon_state, ''), missing_since IS NOT NULL FROM coupon");
    while (select.executeStep())
      rows[select.getColumn(0).getInt64()] = {select.getColumn(1).getString(),
                                              select.getColumn(2).getInt() == 1};
    return rows;
  }
  std::string sandbox_mirror() const { return (folder() / "sandbox" / "mirror.db").string(); }

  /// A `once` that is killed when that many requests of it have arrived.
  void once_killed(std::int64_t after_requests) {
    const std::int64_t before = sandbox().requests();
    auto process = start_couponsyncd("once");
    sandbox().wait_for_requests(before + after_requests);
    process->signal(SIGKILL);
    process->wait();
  }

  /// "openid stock_id coupon_code" of what is listed now. Codes that a coupon may have again are left out.
  std::set<std::string> listed() {
    std::set<std::string> keys;
    const auto truth = sandbox().get("/truth");
    for (const auto& user : truth.as_array())
      for (const auto& coupon : user.at("coupons").as_array()) {
        const std::string code(coupon.at("coupon_code").as_string());
        if (code != "SHARED-CODE")
          keys.insert(std::string(user.at("openid").as_string()) + " " +
                      std::string(coupon.at("stock").at("stock_id").as_string()) + " " + code);
      }
    return keys;
  }
  /// The coupons that the feed called missing after `seq`.
  std::set<std::string> missed_since(std::int64_t seq) const {
    std::set<std::string> keys;
    SQLite::Database database(sandbox_mirror(), SQLite::OPEN_READONLY, 5'000);
    SQLite::Statement select(database,
                             "SELECT openid || ' ' || stock_id || ' ' || coupon_code FROM coupon_change"
                             " JOIN coupon ON coupon.id = coupon_id WHERE kind = 'missing' AND seq > ?");
    select.bind(1, seq);
    while (select.executeStep()) keys.insert(select.getColumn(0).getString());
    return keys;
  }

  std::mt19937 random_{7};
  Consumer consumer_;
};

TEST_F(ChangeFeed, KeepsACopyEqualThroughAHundredRoundsOfChangesAndKills) {
  start_sandbox({"--seed", "51", "--users", "12", "--coupons-max", "120"});
  for (int round = 0; round < repetitions(100); ++round) {
    sandbox().post("/mutations", {{"op", "random"}, {"count", 15}});
    if (random_() % 2 == 0) {
      once_killed(1 + random_() % 12);
      consumer_.catch_up(sandbox_mirror());
    }
    once();
    consumer_.catch_up(sandbox_mirror());
    ASSERT_EQ(consumer_.objections(), std::vector<std::string>{}) << "in round " << round;
    ASSERT_EQ(consumer_.copies(), table()) << "in round " << round;
  }
  once();
  expect_mirror_equals_sandbox();
  for (const char* kind : {"added", "state", "usage", "other", "missing", "returned"})
    EXPECT_NE(query(std::string("SELECT count(*) FROM coupon_change WHERE kind = '") + kind + "'"), "0")
        << kind << " never occurred";
}

TEST_F(ChangeFeed, CallsNothingMissingThatMovedBetweenPages) {
  start_sandbox({"--seed", "52", "--users", "12", "--coupons-max", "250"});
  once();
  std::size_t missed = 0;
  // As many more as it takes until something was found missing, for before that nothing is shown.
  for (int round = 0; round < repetitions(20) || (missed == 0 && round < 20); ++round) {
    consumer_.catch_up(sandbox_mirror());
    const std::set<std::string> before = listed();
    sandbox().post("/faults", {{"fault", "moving_rows"}, {"probability", 0.5}});
    const int exit_code = couponsyncd("once").exit_code;
    EXPECT_TRUE(exit_code == 0 || exit_code == 75) << exit_code;
    sandbox().clear_faults();
    const std::set<std::string> after = listed();
    for (const std::string& coupon : missed_since(consumer_.seq()))
      if (before.contains(coupon) && after.contains(coupon))
        ADD_FAILURE() << coupon << " was listed all the time, in round " << round;
      else
        ++missed;
  }
  EXPECT_GT(missed, 0U) << "nothing was ever found missing, so the test tells nothing";
  once();
  expect_mirror_equals_sandbox();
}

}  // namespace
}  // namespace couponsync::test
