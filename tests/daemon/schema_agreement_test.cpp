#include "daemon/configuration_fixture.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <set>

namespace couponsync::daemon::test {
namespace {

namespace json = boost::json;

/// The JSON Schema for editors says the same as the program.
class SchemaAgreement : public ConfigurationTest {
 protected:
  SchemaAgreement() {
    std::ifstream file(COUPONSYNC_CONFIG_FOLDER "/couponsyncd.schema.json");
    schema_ = json::parse(std::string{std::istreambuf_iterator<char>(file), {}});
  }
  json::value schema_;
};

TEST_F(SchemaAgreement, EveryKeyOfTheSchemaIsKnownToTheProgramAndAnUnknownOneIsNot) {
  for (const auto& section : schema_.at("properties").as_object()) {
    const json::object* properties = section.value().as_object().if_contains("properties")
                                         ? &section.value().at("properties").as_object()
                                         : nullptr;
    if (properties == nullptr || section.key() == "credentials" || section.key() == "mirror") continue;
    for (const auto& key : *properties) {
      const std::string section_name(section.key());
      const std::string key_name(key.key());
      // null is a wrong type or the default, but never an unknown key.
      const std::string text =
          problems(minimal(fmt::format(R"("{}": {{"{}": null}})", section_name, key_name)));
      EXPECT_EQ(text.find("unknown key"), std::string::npos) << text;
    }
  }
}

TEST_F(SchemaAgreement, EveryDefaultOfTheSchemaIsAcceptedByTheProgram) {
  for (const auto& section : schema_.at("properties").as_object()) {
    const json::object* properties = nullptr;
    if (const json::value* found = section.value().as_object().if_contains("properties"))
      properties = found->if_object();
    if (properties == nullptr || section.key() == "credentials" || section.key() == "mirror") continue;
    json::object defaults;
    for (const auto& key : *properties) defaults[key.key()] = key.value().at("default");
    EXPECT_EQ(problems(minimal("\"" + std::string(section.key()) + "\": " + json::serialize(defaults))), "");
  }
}

TEST_F(SchemaAgreement, TheLimitsAreTheSame) {
  for (const auto& section : schema_.at("properties").as_object()) {
    const json::value* properties = section.value().as_object().if_contains("properties");
    if (properties == nullptr) continue;
    for (const auto& key : properties->as_object()) {
      for (const char* limit : {"minimum", "maximum"}) {
        const json::value* bound = key.value().as_object().if_contains(limit);
        if (bound == nullptr) continue;
        const auto value = bound->to_number<std::int64_t>();
        const auto with = [&](std::int64_t number) {
          return problems(minimal(fmt::format(R"("{}": {{"{}": {}}})", std::string(section.key()),
                                              std::string(key.key()), number)));
        };
        const std::int64_t beyond = limit == std::string("minimum") ? value - 1 : value + 1;
        // The start rate has the configured maximum as its limit.
        if (key.key() != "start_requests_per_second") {
          EXPECT_EQ(with(value), "");
        }
        EXPECT_NE(with(beyond), "") << key.key();
      }
    }
  }
}

TEST_F(SchemaAgreement, TheSameKeysAreRequired) {
  std::set<std::string> missing;
  for (const json::value& name : schema_.at("required").as_array())
    missing.insert("/" + std::string(name.as_string()));
  try {
    load("{}");
    FAIL();
  } catch (const ConfigurationError& error) {
    std::set<std::string> reported;
    for (const ConfigurationProblem& problem : error.problems()) reported.insert(problem.pointer);
    EXPECT_EQ(reported, missing);
  }
}

}  // namespace
}  // namespace couponsync::daemon::test
