#include "store/mirror_fixture.h"
#include "store/mirror_inspection.h"
#include "store/mirror_reader.h"
#include "store/other_process.h"
#include "support/watchlist.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace couponsync {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class MirrorBrand : public testing::Test {
 protected:
  Mirror open_as(const std::string& brand) const {
    return Mirror::open({.path = path, .durability = Durability::full, .brand_id = brand});
  }
  /// It is refused to this brand, nothing of it changes, and `check` says the same.
  void expect_refused_to(const std::string& brand, const std::string& owner) const {
    const std::string before = content_of(path);
    try {
      open_as(brand);
      FAIL() << "it opened";
    } catch (const MirrorError& error) {
      EXPECT_EQ(error.reason(), MirrorError::Reason::refused);
      EXPECT_THAT(error.what(), AllOf(HasSubstr(path.string()), HasSubstr("brand " + owner),
                                      HasSubstr("brand " + brand), HasSubstr("mirror.path of its own")));
    }
    EXPECT_EQ(content_of(path), before);
    try {
      inspect_mirror(path, brand);
      FAIL() << "it was found good";
    } catch (const MirrorError& error) {
      EXPECT_EQ(error.reason(), MirrorError::Reason::refused);
    }
  }
  std::string property(const std::string& name) const {
    return value(path, "SELECT value FROM mirror_property WHERE name = '" + name + "'");
  }
  /// As a program left it that knew no brand.
  void make_older(const std::string& change = "") const {
    {
      const Mirror mirror = open_as("");
    }
    execute(path, "DELETE FROM mirror_property WHERE name <> 'redaction_key';" + change);
  }
  static std::string coupon_of(const std::string& brand) {
    return "INSERT INTO coupon (appid, openid, stock_id, coupon_code, brand_id, raw_json, first_seen_at, "
           "changed_at,"
           " content_hash) VALUES ('wx1', 'o1', 's1', 'c" +
           brand + "', '" + brand + "', '{}', 1, 1, x'00');";
  }

  TemporaryFolder folder;
  std::filesystem::path path = folder.path() / "mirror.db";
};

TEST_F(MirrorBrand, IsThatOfTheFirstWhoOpensIt) {
  {
    const Mirror mirror = open_as("120344");
  }
  EXPECT_EQ(property("brand_id"), "120344");
  EXPECT_EQ(value(path, "SELECT typeof(value) FROM mirror_property WHERE name = 'brand_id'"), "text");
  {
    const Mirror mirror = open_as("120344");
  }
  expect_refused_to("120345", "120344");
  EXPECT_EQ(inspect_mirror(path, "120344")->coupons, 0);
  EXPECT_EQ(read_mirror_status(path)->brand_id, "120344");
}

TEST_F(MirrorBrand, IsNotAskedOfWhoNamesNone) {
  {
    const Mirror mirror = open_as("");
  }
  EXPECT_EQ(read_mirror_status(path)->brand_id, std::nullopt);
  {
    const Mirror mirror = open_as("120344");
  }
  {
    const Mirror mirror = open_as("");
  }
  EXPECT_EQ(property("brand_id"), "120344");
}

TEST_F(MirrorBrand, IsComparedAsTextToTheLastByte) {
  {
    const Mirror mirror = open_as("120344");
  }
  for (const char* other : {"0120344", "120344 ", "1203440", "12034", "120344\n"})
    EXPECT_THROW(open_as(other), MirrorError) << other;
}

TEST_F(MirrorBrand, IsAdoptedByAMirrorThatHasNoneAndNoRows) {
  make_older();
  {
    const Mirror mirror = open_as("120344");
  }
  EXPECT_EQ(property("brand_id"), "120344");
}

TEST_F(MirrorBrand, IsAdoptedByAMirrorWhoseRowsNameIt) {
  make_older(coupon_of("120344"));
  {
    const Mirror mirror = open_as("120344");
  }
  EXPECT_EQ(property("brand_id"), "120344");
}

TEST_F(MirrorBrand, IsAdoptedByAMirrorWhoseRowsNameItAmongOthersOrNone) {
  make_older(coupon_of("120345") + coupon_of("120344") + coupon_of(""));
  {
    const Mirror mirror = open_as("120344");
  }
  EXPECT_EQ(property("brand_id"), "120344");
}

TEST_F(MirrorBrand, IsRefusedByAMirrorWhoseRowsNameAnotherOneOnly) {
  make_older(coupon_of("120345"));
  expect_refused_to("120344", "120345");
  EXPECT_EQ(value(path, "SELECT count(*) FROM mirror_property WHERE name = 'brand_id'"), "0");
  {
    const Mirror mirror = open_as("120345");
  }
  EXPECT_EQ(property("brand_id"), "120345");
}

TEST_F(MirrorBrand, IsReadFromStocksAndProductsToo) {
  for (const char* change :
       {"INSERT INTO stock (stock_id, brand_id, raw_json, first_seen_at, changed_at, content_hash)"
        " VALUES ('s1', '120345', '{}', 1, 1, x'00')",
        "INSERT INTO product_coupon (product_coupon_id, brand_id, raw_json, first_seen_at, changed_at,"
        " content_hash) VALUES ('p1', '120345', '{}', 1, 1, x'00')"}) {
    std::filesystem::remove(path);
    make_older(change);
    expect_refused_to("120344", "120345");
  }
}

TEST_F(MirrorBrand, IsRefusedBesideALogThatWasNotMovedYet) {
  ASSERT_EQ(in_child([&] {
              Mirror mirror = open_as("120344");
              set_watchlist(mirror, std::vector{user("openid-1")});
              kill(getpid(), SIGKILL);
              return 0;
            }),
            -SIGKILL);
  const std::string log = content_of(path.string() + "-wal");
  expect_refused_to("120345", "120344");
  EXPECT_EQ(content_of(path.string() + "-wal"), log);
}

TEST_F(MirrorBrand, AndAnIdOfItsOwnStayWithTheMirror) {
  {
    const Mirror mirror = open_as("120344");
  }
  const std::string id = property("mirror_id");
  EXPECT_THAT(id, testing::MatchesRegex("[0-9a-f]+"));
  EXPECT_EQ(id.size(), 32U);
  {
    const Mirror mirror = open_as("120344");
  }
  EXPECT_EQ(property("mirror_id"), id);
  EXPECT_EQ(read_mirror_status(path)->mirror_id, id);
  std::filesystem::remove(path);
  {
    const Mirror mirror = open_as("120344");
  }
  EXPECT_NE(property("mirror_id"), id);
}

}  // namespace
}  // namespace couponsync
