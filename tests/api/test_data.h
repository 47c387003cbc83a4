#pragma once

#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

namespace couponsync::testing {

/// The bytes of a file of tests/data.
inline std::string read_test_data(const std::string& name) {
  std::ifstream file(std::string(COUPONSYNC_TEST_DATA) + "/" + name, std::ios::binary);
  if (!file) throw std::runtime_error("no test data " + name);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace couponsync::testing
