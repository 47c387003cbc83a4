#pragma once

#include "base/listing.h"
#include "sim/random.h"
#include "sim/schedule.h"
#include "store/evidence_truth.h"

#include <chrono>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace couponsync::sim {

inline constexpr const char* kAppid = "wxsim";

/// Which listings a user's layout has.
std::vector<ListingKey> listings_of(int user, std::uint64_t layout);
std::vector<ListingKey> listings_of(const Settings& settings);
std::string openid_of(int user);
std::string product_of(const std::string& stock);

/// What WeChat Pay knows: the users and their coupons, as they are now.
class World {
 public:
  explicit World(const Schedule& schedule);

  /// What that listing shows now, in the API's order.
  std::vector<const Truth::Held*> listed(const ListingKey& key) const;
  const Truth& of(int user) const { return users_[static_cast<std::size_t>(user)]; }
  std::size_t users() const { return users_.size(); }

  /// One of the first five kinds of events.
  void apply(const Event& event, std::chrono::nanoseconds now);
  /// When the coupon was not there last; far in the past if it always was since it was made.
  std::chrono::nanoseconds last_absent(int user, const std::string& code) const;

 private:
  void add(Truth& truth, Random& random);
  void move(Truth& truth, std::size_t which, Random& random) const;

  bool moves_change_order_;
  int codes_ = 0;
  std::vector<Truth> users_;
  std::map<std::pair<int, std::string>, std::chrono::nanoseconds> came_back_;
};

}  // namespace couponsync::sim
