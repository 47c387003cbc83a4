#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace couponsync::test {

/// A line of the data dictionary's tables.
struct DescribedColumn {
  std::string table;
  std::string column;
  std::string type;  ///< SQL type, then perhaps what it holds: "INTEGER, fen"
  std::vector<std::string>
      sources;  ///< members' paths in an entry of user_coupon_list; none: the mirror's own
  std::string null_when;
};

/// Reads the tables of `schema/README.md`: those below a "### `name`" whose columns are column, type, source,
/// meaning, NULL when. Throws std::runtime_error for a line that is none of this.
std::vector<DescribedColumn> read_data_dictionary(const std::filesystem::path& readme);

/// What USE, RULE, BENEFIT and PERIOD in a source stand for, spelled out.
std::vector<std::string> spelled_out(const std::string& source);

}  // namespace couponsync::test
