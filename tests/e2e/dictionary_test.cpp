#include "e2e/e2e_fixture.h"
#include "support/data_dictionary.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <fstream>
#include <iterator>
#include <map>
#include <set>

namespace couponsync::test {
namespace {

struct Leaf {
  std::string path;  ///< from the entry, lists as "[]"
  std::string text;
};

std::string text_of(const boost::json::value& value) {
  if (value.is_string()) return std::string(value.get_string());
  if (value.is_bool()) return value.get_bool() ? "1" : "0";
  return boost::json::serialize(value);
}

void collect(const boost::json::value& value, const std::string& path, std::vector<Leaf>& leaves) {
  if (value.is_object()) {
    for (const auto& member : value.get_object())
      collect(member.value(),
              path.empty() ? std::string(member.key()) : path + "." + std::string(member.key()), leaves);
  } else if (value.is_array()) {
    for (const boost::json::value& item : value.get_array()) collect(item, path + "[]", leaves);
  } else {
    leaves.push_back({path, text_of(value)});
  }
}

boost::json::value read_json(const std::string& file) {
  std::ifstream stream(file);
  return boost::json::parse(std::string(std::istreambuf_iterator<char>(stream), {}));
}

std::vector<Leaf> leaves_of(const std::string& file) {
  std::vector<Leaf> leaves;
  collect(read_json(file).at("user_coupon_list").at(0), "", leaves);
  return leaves;
}

const std::string kSequential = COUPONSYNC_TEST_DATA "/full-response.sequential.json";
const std::string kBundle = COUPONSYNC_TEST_DATA "/full-response.bundle.json";

/// Every member the API documents, with a value of its own, has a column, and the dictionary says which.
class Dictionary : public E2eTest, public testing::WithParamInterface<std::string> {
 protected:
  Dictionary() {
    for (const DescribedColumn& column : read_data_dictionary(COUPONSYNC_SCHEMA "/README.md"))
      for (const std::string& source : column.sources)
        for (const std::string& path : spelled_out(source)) columns_[path].push_back(column);
  }

  void expect_in(const DescribedColumn& column, const Leaf& leaf) const {
    const bool is_list = column.type.ends_with("JSON list");
    const bool is_time = column.type == "INTEGER, time";
    const std::string value = is_time ? std::to_string(instant(leaf.text)) : leaf.text;
    const std::string condition = is_list ? "instr(\"" + column.column + "\", '\"" + value + "\"') > 0"
                                          : "CAST(\"" + column.column + "\" AS TEXT) = '" + value + "'";
    EXPECT_NE(query("SELECT count(*) FROM " + column.table + " WHERE " + condition), "0")
        << leaf.path << " = " << leaf.text << " is not in " << column.table << "." << column.column;
  }

  std::map<std::string, std::vector<DescribedColumn>> columns_;
};

TEST_P(Dictionary, NamesTheColumnOfEveryLeaf) {
  start_sandbox({"--users", "1", "--example", GetParam()});
  once();
  for (const Leaf& leaf : leaves_of(GetParam())) {
    EXPECT_TRUE(columns_.contains(leaf.path)) << "the dictionary names no column for " << leaf.path;
    for (const DescribedColumn& column : columns_[leaf.path]) expect_in(column, leaf);
  }
}

INSTANTIATE_TEST_SUITE_P(Edition, Dictionary, testing::Values(kSequential, kBundle));

TEST(DictionaryText, NamesNoMemberThatNoEditionHas) {
  std::set<std::string> known;
  for (const std::string& file : {kSequential, kBundle})
    for (const Leaf& leaf : leaves_of(file)) known.insert(leaf.path);
  for (const DescribedColumn& column : read_data_dictionary(COUPONSYNC_SCHEMA "/README.md"))
    for (const std::string& source : column.sources) {
      bool found = false;
      for (const std::string& path : spelled_out(source)) found = found || known.contains(path);
      EXPECT_TRUE(found) << column.table << "." << column.column << " comes from " << source << "?";
    }
}

}  // namespace
}  // namespace couponsync::test
