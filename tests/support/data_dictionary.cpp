#include "support/data_dictionary.h"

#include <fstream>
#include <map>
#include <stdexcept>

namespace couponsync::test {
namespace {

const std::string kHeader = "| column | type | source | meaning | NULL when |";

std::string trimmed(const std::string& text) {
  const std::size_t begin = text.find_first_not_of(' ');
  if (begin == std::string::npos) return {};
  return text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> cells;
  for (std::size_t begin = 1; begin < line.size();) {
    const std::size_t end = line.find('|', begin);
    if (end == std::string::npos) break;
    cells.push_back(trimmed(line.substr(begin, end - begin)));
    begin = end + 1;
  }
  return cells;
}

/// The parts of a cell that stand between backticks.
std::vector<std::string> in_backticks(const std::string& cell) {
  std::vector<std::string> found;
  for (std::size_t begin = cell.find('`'); begin != std::string::npos;) {
    const std::size_t end = cell.find('`', begin + 1);
    if (end == std::string::npos) break;
    found.push_back(cell.substr(begin + 1, end - begin - 1));
    begin = cell.find('`', end + 1);
  }
  return found;
}

DescribedColumn column_of(const std::string& table, const std::string& line) {
  const std::vector<std::string> cells = cells_of(line);
  if (cells.size() != 5 || in_backticks(cells[0]).size() != 1)
    throw std::runtime_error("not a line of the data dictionary: " + line);
  return {table, in_backticks(cells[0]).front(), cells[1], in_backticks(cells[2]), cells[4]};
}

}  // namespace

std::vector<DescribedColumn> read_data_dictionary(const std::filesystem::path& readme) {
  std::ifstream file(readme);
  if (!file) throw std::runtime_error("cannot read " + readme.string());
  std::vector<DescribedColumn> columns;
  std::string table;
  bool inside = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("### `")) table = in_backticks(line).front();
    if (line == kHeader) {
      inside = true;
      std::getline(file, line);  // the rule below it
      continue;
    }
    inside = inside && line.starts_with("|");
    if (inside) columns.push_back(column_of(table, line));
  }
  return columns;
}

std::vector<std::string> spelled_out(const std::string& source) {
  static const std::map<std::string, std::vector<std::string>> kNames{
      {"USE",
       {"single_usage_detail", "sequential_usage_detail.detail_item_list[]",
        "progressive_bundle_usage_detail"}},
      {"BENEFIT",
       {"RULE.normal_coupon", "RULE.discount_coupon", "RULE.exchange_coupon", "RULE.normal_coupon_list[]",
        "RULE.discount_coupon_list[]", "RULE.exchange_coupon_list[]"}},
      {"PERIOD", {"RULE.coupon_available_period"}},
      {"RULE", {"single_usage_rule", "sequential_usage_rule", "progressive_bundle_usage_rule"}},
  };
  for (const auto& [name, meanings] : kNames) {
    const std::size_t at = source.find(name);
    if (at == std::string::npos) continue;
    std::vector<std::string> paths;
    for (const std::string& meaning : meanings)
      for (std::string& path : spelled_out(std::string(source).replace(at, name.size(), meaning)))
        paths.push_back(std::move(path));
    return paths;
  }
  return {source};
}

}  // namespace couponsync::test
