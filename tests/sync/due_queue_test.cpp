#include "sync/due_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

namespace couponsync::test {
namespace {

Standing due_at(Tick due) { return {.due = due, .completed = {}, .failures = 0, .pages = 1}; }

class DueQueueTest : public testing::Test {
 protected:
  std::vector<ListingId> take_all(Tick now) {
    std::vector<ListingId> taken;
    while (const auto next = queue_.take_next(now)) taken.push_back(next->id);
    return taken;
  }

  DueQueue queue_;
};

TEST_F(DueQueueTest, GivesWhatIsDueInTheOrderInWhichItIsDue) {
  for (const auto& [id, due] : {std::pair{1, 30}, std::pair{2, 10}, std::pair{3, 20}, std::pair{4, 40}})
    queue_.add(id, due_at(due), 0);
  queue_.add(5, {}, 0);
  EXPECT_EQ(queue_.next_due(), Standing::kAtOnce);
  EXPECT_EQ(take_all(30), (std::vector<ListingId>{5, 2, 3, 1}));
  EXPECT_EQ(queue_.next_due(), 40);
  EXPECT_EQ(take_all(39), std::vector<ListingId>{});
}

TEST_F(DueQueueTest, GivesWhatWasHintedBeforeAllElseInTheOrderOfTheHints) {
  for (const ListingId id : {1, 2, 3}) queue_.add(id, due_at(10), 0);
  queue_.add(4, {}, 0);
  EXPECT_FALSE(queue_.has_hinted());
  EXPECT_TRUE(queue_.hint(3));
  EXPECT_TRUE(queue_.hint(2));
  EXPECT_TRUE(queue_.hint(3)) << "it keeps its place";
  EXPECT_FALSE(queue_.hint(5));
  EXPECT_TRUE(queue_.has_hinted());
  const auto first = queue_.take_next(0);
  EXPECT_EQ(first->id, 3);
  EXPECT_TRUE(first->is_hinted);
  EXPECT_EQ(queue_.take_next(0)->id, 2);
  EXPECT_FALSE(queue_.has_hinted());
  const auto third = queue_.take_next(0);
  EXPECT_EQ(third->id, 4);
  EXPECT_FALSE(third->is_hinted);
}

TEST_F(DueQueueTest, GivesAHintedOneOnceMoreOnlyIfItsReadingHadBegun) {
  queue_.add(1, due_at(10), 0);
  queue_.take_next(10);
  queue_.hint(1);
  queue_.begin(1);
  queue_.put_back(1, due_at(50), 0);
  EXPECT_FALSE(queue_.has_hinted()) << "the hint came before the reading";
  queue_.take(1, 50);
  queue_.begin(1);
  queue_.hint(1);
  EXPECT_FALSE(queue_.has_hinted()) << "nobody else can read it";
  queue_.put_back(1, due_at(90), 0);
  EXPECT_TRUE(queue_.has_hinted());
}

TEST_F(DueQueueTest, KeepsTheHintOfOneThatWasNotRead) {
  queue_.add(1, due_at(10), 0);
  queue_.hint(1);
  queue_.take_next(0);
  queue_.put_back(1);
  EXPECT_TRUE(queue_.has_hinted());
}

TEST_F(DueQueueTest, ForgetsTheHintOfOneThatIsWatchedNoMore) {
  queue_.add(1, due_at(10), 0);
  queue_.hint(1);
  queue_.remove(1);
  EXPECT_FALSE(queue_.has_hinted());
  EXPECT_FALSE(queue_.hint(1));
}

TEST_F(DueQueueTest, GivesEqualOnesInTheOrderOfTheirNumbers) {
  for (const ListingId id : {3, 1, 2}) queue_.add(id, due_at(10), 0);
  EXPECT_EQ(take_all(10), (std::vector<ListingId>{1, 2, 3}));
}

TEST_F(DueQueueTest, GivesATakenOneToNobodyElseUntilItIsPutBack) {
  queue_.add(1, due_at(10), 0);
  EXPECT_TRUE(queue_.take_next(10));
  EXPECT_FALSE(queue_.take_next(100));
  EXPECT_FALSE(queue_.take(1, 100));
  EXPECT_FALSE(queue_.next_due());
  EXPECT_TRUE(queue_.put_back(1, due_at(50), 0));
  EXPECT_EQ(queue_.next_due(), 50);
}

TEST_F(DueQueueTest, PutsBackWhatWasNotReadAsItStood) {
  queue_.add(1, {.due = 10, .completed = 5, .failures = 2, .pages = 7}, 3);
  queue_.take_next(10);
  queue_.put_back(1);
  EXPECT_EQ(queue_.next_due(), 10);
  EXPECT_EQ(queue_.census().failing(), 1U);
  EXPECT_EQ(queue_.take_next(10)->accounted, 3U);
}

TEST_F(DueQueueTest, GivesASingleOneOnDemandIfItIsDueByThen) {
  queue_.add(1, due_at(10), 0);
  queue_.add(2, due_at(20), 0);
  EXPECT_FALSE(queue_.take(2, 19));
  EXPECT_TRUE(queue_.take(2, 20));
  EXPECT_EQ(take_all(100), std::vector<ListingId>{1});
}

TEST_F(DueQueueTest, HasEverythingDueThatIsAskedForBehindWhatWaitedAlready) {
  queue_.add(1, due_at(500), 0);
  queue_.add(2, due_at(90), 0);
  queue_.add(3, due_at(400), 0);
  queue_.ask_all(100);
  EXPECT_EQ(take_all(100), (std::vector<ListingId>{2, 1, 3}));
}

TEST_F(DueQueueTest, HasWhatIsBeingReadDueAgainIfItIsAskedForMeanwhile) {
  queue_.add(1, due_at(10), 0);
  queue_.take_next(10);
  queue_.begin(1);
  queue_.ask_all(12);
  queue_.ask_all(15);
  queue_.put_back(1, due_at(900), 0);
  EXPECT_EQ(queue_.next_due(), 12) << "since it was asked for first";
  queue_.take_next(20);
  queue_.begin(1);
  queue_.put_back(1, due_at(900), 0);
  EXPECT_EQ(queue_.next_due(), 900) << "once";
}

TEST_F(DueQueueTest, TakesAReadingThatBeginsAfterTheRequestForItsAnswer) {
  queue_.add(1, due_at(10), 0);
  queue_.take_next(10);
  queue_.ask_all(12);
  EXPECT_TRUE(queue_.begin(1));
  queue_.put_back(1, due_at(900), 0);
  EXPECT_EQ(queue_.next_due(), 900);
}

TEST_F(DueQueueTest, KeepsOneThatIsReadWhileItIsRemovedUntilItIsPutBack) {
  queue_.add(1, due_at(10), 4);
  queue_.take_next(10);
  const auto removed = queue_.remove(1);
  ASSERT_TRUE(removed);
  EXPECT_TRUE(removed->is_taken);
  EXPECT_EQ(removed->accounted, 4U);
  EXPECT_FALSE(queue_.contains(1));
  EXPECT_FALSE(queue_.begin(1));
  EXPECT_EQ(queue_.size(), 0U);
  EXPECT_FALSE(queue_.put_back(1, due_at(50), 0));
  EXPECT_TRUE(queue_.add(1, due_at(60), 0)) << "it is gone";
}

TEST_F(DueQueueTest, NeverHasTwoReadersOfOneThatIsRemovedAndAddedAgain) {
  queue_.add(1, due_at(10), 0);
  queue_.take_next(10);
  queue_.remove(1);
  EXPECT_TRUE(queue_.add(1, due_at(20), 0));
  EXPECT_FALSE(queue_.take_next(100)) << "the first reader has it still";
  EXPECT_TRUE(queue_.put_back(1, due_at(900), 0));
  EXPECT_EQ(queue_.next_due(), 20);
}

TEST_F(DueQueueTest, RefusesToTakeBackWhatItNeverGave) {
  queue_.add(1, due_at(10), 0);
  EXPECT_THROW(queue_.put_back(1, due_at(20), 0), std::logic_error);
  EXPECT_THROW(queue_.put_back(2, due_at(20), 0), std::logic_error);
}

TEST_F(DueQueueTest, CountsHowItsListingsAre) {
  queue_.add(1, {.due = 10, .completed = 100, .failures = 0, .pages = 2}, 0);
  queue_.add(2, {.due = 10, .completed = 200, .failures = 1, .pages = 3}, 0);
  queue_.add(3, due_at(10), 0);
  const ListingCensus& census = queue_.census();
  EXPECT_EQ(census.watched(), 3U);
  EXPECT_EQ(census.failing(), 1U);
  EXPECT_EQ(census.never_completed(), 1U);
  EXPECT_EQ(census.pages(), 6);
  EXPECT_EQ(census.fresh(100), 1U);
  EXPECT_EQ(census.fresh(101), 0U);
  EXPECT_EQ(census.by_completion().size(), 2U);
  queue_.remove(2);
  EXPECT_EQ(census.failing(), 0U);
  EXPECT_EQ(census.by_completion().size(), 1U);
}

/// Anything at all, against a list that is searched.
TEST_F(DueQueueTest, AgreesWithAModelWhateverIsDone) {
  struct Listing {
    Standing standing;
    bool taken = false;
    bool removed = false;
    bool asked = false;
    Tick asked_at = 0;
  };
  std::mt19937 random(20251126);
  std::map<ListingId, Listing> model;
  const auto watched = [&] {
    return static_cast<std::size_t>(
        std::ranges::count_if(model, [](const auto& entry) { return !entry.second.removed; }));
  };
  for (int step = 0; step < 200'000; ++step) {
    const ListingId id = static_cast<ListingId>(random() % 40);
    const Tick now = step / 100;
    const auto found = model.find(id);
    Standing standing = due_at(static_cast<Tick>(random() % 3'000));
    standing.failures = random() % 3 == 0 ? 1 : 0;
    if (random() % 2 == 0) standing.completed = static_cast<Tick>(random() % 50);
    switch (random() % 6) {
      case 0: {
        const bool is_new = found == model.end();
        ASSERT_EQ(queue_.add(id, standing, 0), is_new || found->second.removed);
        if (is_new) {
          model[id].standing = standing;
        } else if (found->second.removed) {
          found->second.removed = false;
          found->second.asked = true;
          found->second.asked_at = standing.due;
        }
        break;
      }
      case 1: {
        const bool is_there = found != model.end() && !found->second.removed;
        ASSERT_EQ(queue_.remove(id).has_value(), is_there);
        if (!is_there) break;
        if (found->second.taken)
          found->second.removed = true;
        else
          model.erase(found);
        break;
      }
      case 2:
      case 3: {
        auto best = model.end();
        for (auto at = model.begin(); at != model.end(); ++at)
          if (!at->second.taken && at->second.standing.due <= now &&
              (best == model.end() || at->second.standing.due < best->second.standing.due))
            best = at;
        const auto taken = queue_.take_next(now);
        ASSERT_EQ(taken.has_value(), best != model.end());
        if (!taken) break;
        ASSERT_EQ(taken->id, best->first);
        best->second.taken = true;
        queue_.begin(taken->id);
        break;
      }
      case 4: {
        if (found == model.end() || !found->second.taken) break;
        ASSERT_EQ(queue_.put_back(id, standing, 0), !found->second.removed);
        if (found->second.removed) {
          model.erase(found);
          break;
        }
        if (found->second.asked) standing.due = std::min(standing.due, found->second.asked_at);
        found->second = {standing};
        break;
      }
      default: {
        if (random() % 50 != 0) break;
        queue_.ask_all(now);
        for (auto& [other, listing] : model) {
          if (!listing.taken) {
            listing.standing.due = std::min(listing.standing.due, now);
          } else {
            listing.asked_at = listing.asked ? std::min(listing.asked_at, now) : now;
            listing.asked = true;
          }
        }
      }
    }
    ASSERT_EQ(queue_.size(), watched());
    const auto failing = std::ranges::count_if(
        model, [](const auto& entry) { return !entry.second.removed && entry.second.standing.failures > 0; });
    ASSERT_EQ(queue_.census().failing(), static_cast<std::size_t>(failing)) << step;
  }
}

}  // namespace
}  // namespace couponsync::test
