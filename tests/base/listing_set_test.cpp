#include "base/listing_set.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace couponsync {
namespace {

TEST(ListingSet, GivesEachListingAsItWasAdded) {
  ListingSet set;
  const std::size_t all = set.add_filter("wx1", "", "", "");
  const std::size_t narrowed = set.add_filter("wx1", "7", "8", "USED");
  const std::size_t openid = set.add_openid("o1");
  set.add(all, openid);
  set.add(narrowed, openid);
  set.add(all, set.add_openid("o2"));
  EXPECT_EQ(set.seal(), 0U);
  ASSERT_EQ(set.size(), 3U);
  EXPECT_EQ(set[0], (ListingKey{"wx1", Openid("o1"), "", "", ""}));
  EXPECT_EQ(set[1], (ListingKey{"wx1", Openid("o1"), "7", "8", "USED"}));
  EXPECT_EQ(set[2], (ListingKey{"wx1", Openid("o2"), "", "", ""}));
}

TEST(ListingSet, HasEachOnceAtItsFirstPlace) {
  ListingSet set;
  const std::size_t one = set.add_filter("wx1", "", "", "");
  const std::size_t same = set.add_filter("wx1", "", "", "");
  const std::size_t other = set.add_filter("wx2", "", "", "");
  for (const std::size_t filter : {one, same, other})
    for (const char* openid : {"b", "a", "b"}) set.add(filter, set.add_openid(openid));
  EXPECT_EQ(set.seal(), 5U);
  std::vector<std::string> found;
  for (std::size_t i = 0; i < set.size(); ++i)
    found.push_back(set[i].appid + " " + std::string(set.openid_of(i)));
  EXPECT_EQ(found, (std::vector<std::string>{"wx1 b", "wx1 a", "wx2 b", "wx2 a"}));
}

TEST(ListingSet, NamesEachByItsFingerprint) {
  ListingSet set;
  const std::size_t filter = set.add_filter("wx1", "", "", "");
  for (int i = 0; i < 1'000; ++i) set.add(filter, set.add_openid("o" + std::to_string(i * 7 % 1'000)));
  set.seal();
  ASSERT_EQ(set.by_fingerprint().size(), 1'000U);
  EXPECT_TRUE(std::ranges::is_sorted(set.by_fingerprint()));
  for (const ListingSet::Indexed& entry : set.by_fingerprint())
    ASSERT_EQ(entry.fingerprint, fingerprint_of(set[entry.index]));
}

TEST(ListingSet, TellsApartWhateverTheTextsAreCutLike) {
  std::set<Fingerprint> seen;
  for (const ListingKey& key :
       {ListingKey{"a", Openid("bc"), "", "", ""}, ListingKey{"ab", Openid("c"), "", "", ""},
        ListingKey{"a", Openid("b"), "c", "", ""}, ListingKey{"a", Openid("b"), "", "c", ""},
        ListingKey{"a", Openid("b"), "", "", "c"}})
    seen.insert(fingerprint_of(key));
  EXPECT_EQ(seen.size(), 5U);
}

TEST(ListingSet, RefusesWhatItsNumbersCannotHold) {
  ListingSet set;
  EXPECT_THROW(set.add_openid(std::string(256, 'o')), std::length_error);
  EXPECT_THROW(set.add(65'536, 0), std::length_error);
}

}  // namespace
}  // namespace couponsync
