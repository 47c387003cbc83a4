#pragma once

#include <boost/json/object.hpp>

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace couponsync::sandbox {

/// What a fault may be narrowed to.
struct CallFacts {
  std::string_view domain;  ///< primary or backup
  std::string_view openid;
  std::int64_t page = 1;  ///< from 1
  bool has_page_token = false;
  bool reused_connection = false;
};

/// A fault that holds for matching calls until its count is used up or it is cleared.
struct FaultRule {
  std::string name;
  std::string domain = "both";
  std::string openid;  ///< empty: any
  std::optional<std::int64_t> page;
  std::optional<std::int64_t> count;
  double probability = 1;
  boost::json::object details;  ///< the fault's own members, such as retry_after_s
};

/// Reads the body of POST /faults. Throws std::invalid_argument saying what is wrong.
FaultRule parse_fault(const boost::json::object& object);

/// The faults in force, in the order they were asked for.
class FaultPlan {
 public:
  void add(FaultRule rule) { rules_.push_back(std::move(rule)); }
  void clear() { rules_.clear(); }

  /// The first fault that meets this call, and counts it.
  std::optional<FaultRule> take(const CallFacts& call);
  /// Whether connections to the domain are refused as a whole.
  bool is_out(std::string_view domain) const;

 private:
  std::vector<FaultRule> rules_;
  std::mt19937_64 random_{7};
};

}  // namespace couponsync::sandbox
