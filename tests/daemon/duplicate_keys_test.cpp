#include "configuration/duplicate_keys.h"

#include "daemon/configuration_fixture.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <random>

namespace couponsync::daemon::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// "POINTER LINES", one each.
std::vector<std::string> found_in(std::string_view json) {
  std::vector<std::string> found;
  for (const ConfigurationProblem& problem : duplicate_keys(json)) {
    const std::string& text = problem.message;
    const std::size_t again = text.find(" and again in line ");
    const std::size_t first = text.find("in line ") + 8;
    const std::size_t second = again + 19;
    found.push_back(problem.pointer + " " + text.substr(first, again - first) + "," +
                    text.substr(second, text.find(',', second) - second));
  }
  return found;
}

TEST(DuplicateKeys, AreNamedWithTheirPlaceAndBothLines) {
  EXPECT_THAT(found_in("{\"a\": 1,\n\"b\": 2,\n\n\"a\": 3}"), ElementsAre("/a 1,4"));
  EXPECT_THAT(found_in(R"({"a": 1, "a": 1})"), ElementsAre("/a 1,1"));
  EXPECT_THAT(found_in("{\"a\": 1}"), IsEmpty());
}

TEST(DuplicateKeys, AreFoundAtAnyDepth) {
  EXPECT_THAT(found_in(R"({"a": [1, {"b": [[], {"c": 1, "c": 2}]}, {"c": 1}], "c": {"c": {"c": 1}}})"),
              ElementsAre("/a/1/b/1/c 1,1"));
  EXPECT_THAT(found_in(R"([{}, {"x": {"y": 1, "y": {}, "z": 1}}, "s", 1.5, 18446744073709551615, null, true,
                         {"k": 1, "k": 2}])"),
              ElementsAre("/1/x/y 1,1", "/7/k 2,2"));
}

TEST(DuplicateKeys, AreTheSameHoweverTheyAreEscaped) {
  EXPECT_THAT(found_in("{\"a\": 1, \"\\u0061\": 2}"), ElementsAre("/a 1,1"));
  EXPECT_THAT(found_in("{\"watchlist\": 1,\n \"watch\\u006cist\": 2,\n \"w\\u0061tchlist\": 3}"),
              ElementsAre("/watchlist 1,2", "/watchlist 1,3"));
  EXPECT_THAT(found_in("{\"\\/~\": 1, \"/~\": 2}"), ElementsAre("/~1~0 1,1"));
  EXPECT_THAT(found_in("{\"\": 1, \"\": 2}"), ElementsAre("/ 1,1"));
  EXPECT_THAT(found_in("{\"a\": 1, \"A\": 2, \"a \": 3}"), IsEmpty());
}

TEST(DuplicateKeys, AreFoundBetweenCommentsAndTrailingCommas) {
  EXPECT_THAT(found_in("// {\"a\":\n{ /* \"a\": \n 1 */ \"a\" /* x */ : 1, // \"a\": 2\r\n \"a\": [1,], // "
                       "end\n}\n// bye"),
              ElementsAre("/a 3,4"));
}

TEST(DuplicateKeys, AreFoundInATextOfAnyShape) {
  std::mt19937 random(7);
  const std::vector<std::string> spaces{"", " ", "\n", "\r\n", "\t", "/**/", "/*\n*/", "// c\n", "//\n"};
  const auto space = [&] { return spaces[random() % spaces.size()]; };
  for (int i = 0; i < 2'000; ++i) {
    const std::string inner =
        fmt::format("{}{{{}\"k\"{}:{}\"v\\n\"{},{}\"\\u006b\"{}:{}-1.5e3{},{}}}{}", space(), space(), space(),
                    space(), space(), space(), space(), space(), space(), space(), space());
    const std::string text = fmt::format("{}[{}null,{}{}]{}", space(), space(), space(), inner, space());
    boost::json::parse_options options;
    options.allow_comments = true;
    options.allow_trailing_commas = true;
    ASSERT_NO_THROW(boost::json::parse(text, {}, options)) << text;
    const std::vector<ConfigurationProblem> problems = duplicate_keys(text);
    ASSERT_EQ(problems.size(), 1U) << text;
    ASSERT_EQ(problems.front().pointer, "/1/k") << text;
  }
}

using DuplicateKeysOfAConfiguration = ConfigurationTest;

TEST_F(DuplicateKeysOfAConfiguration, AreReportedWithEveryOtherProblem) {
  const std::string text =
      problems(minimal("\"watchlist\": [],\n \"sync\": {\"concurrency\": 0, \"interval\": \"1h\",\n"
                       "\"concurrency\": 8},\n \"http\": {\"lisen\": null}"));
  EXPECT_THAT(
      text,
      HasSubstr("/watchlist: is given in line 4 and again in line 5, and only one of them would count"));
  EXPECT_THAT(text, HasSubstr("/sync/concurrency: is given in line 6 and again in line 7"));
  EXPECT_THAT(text, HasSubstr("/http/lisen: unknown key"));
}

TEST_F(DuplicateKeysOfAConfiguration, OfAGroupAreFoundWhereTheyAre) {
  EXPECT_THAT(
      problems(R"({"brand_id": "1", "credentials": {"certificate_serial": "1", "private_key_file": "k",
      "wechatpay_public_key_id": "p", "wechatpay_public_key_file": "p"}, "mirror": {"path": "m"},
      "watchlist": [{"appid": "wx1", "openids": ["o"]}, {"appid": "wx2", "openids": ["o1"],
                     "openids": ["o2"]}]})"),
      testing::StartsWith("/watchlist/1/openids: is given in line 3 and again in line 4"));
}

}  // namespace
}  // namespace couponsync::daemon::test
