#include "sandbox/data.h"

#include <array>
#include <stdexcept>

namespace couponsync::sandbox {
namespace {

constexpr std::array<const char*, 7> kOperations{"use",    "return", "expire",      "deactivate",
                                                 "delete", "add",    "touch_attach"};

void set_state(boost::json::object& entry, const char* state) { entry["coupon_state"] = state; }

}  // namespace

int Data::mutate(User& user, std::string_view op, int count) {
  int changed = 0;
  while (changed < count) {
    if (op == "add") {
      add_coupon(user);
      ++changed;
      continue;
    }
    if (user.coupons.empty()) break;
    const auto index = pick(0, static_cast<std::int64_t>(user.coupons.size()) - 1);
    boost::json::object& entry = user.coupons[static_cast<std::size_t>(index)];
    if (op == "use") {
      set_state(entry, "USED");
      entry["single_usage_detail"] = make_usage(true, false);
    } else if (op == "return") {
      set_state(entry, "EFFECTIVE");
    } else if (op == "expire") {
      set_state(entry, "EXPIRED");
    } else if (op == "deactivate") {
      set_state(entry, "DEACTIVATED");
      entry["deactivate_reason"] = "活动结束";
    } else if (op == "delete") {
      user.coupons.erase(user.coupons.begin() + index);
    } else if (op == "touch_attach") {
      entry["attach"] = "touched " + std::to_string(next_code_++);
    } else {
      throw std::invalid_argument("op is none of use, return, expire, deactivate, delete, add, touch_attach");
    }
    ++changed;
  }
  return changed;
}

int Data::mutate_at_random(int count) {
  int changed = 0;
  for (int i = 0; i < count && !users_.empty(); ++i) {
    User& user = users_[static_cast<std::size_t>(pick(0, static_cast<std::int64_t>(users_.size()) - 1))];
    changed += mutate(user, kOperations[static_cast<std::size_t>(pick(0, kOperations.size() - 1))], 1);
  }
  return changed;
}

}  // namespace couponsync::sandbox
