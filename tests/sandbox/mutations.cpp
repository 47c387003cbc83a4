#include "sandbox/data.h"

#include <array>
#include <stdexcept>
#include <utility>

namespace couponsync::sandbox {
namespace {

constexpr std::array<const char*, 8> kOperations{"use",    "return",  "expire", "deactivate",
                                                 "delete", "restore", "add",    "touch_attach"};

void set_state(boost::json::object& entry, const char* state) { entry["coupon_state"] = state; }

}  // namespace

int Data::mutate(User& user, std::string_view op, int count) {
  int changed = 0;
  while (changed < count) {
    if (op == "add") {
      add_coupon(user);
      tell(op, user, user.coupons.back());
      ++changed;
      continue;
    }
    if (op == "restore") {
      if (user.deleted.empty()) break;
      boost::json::object entry = std::move(user.deleted.back());
      user.deleted.pop_back();
      place_anywhere(user, entry);
      tell(op, user, entry);
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
      user.deleted.push_back(std::move(entry));
      user.coupons.erase(user.coupons.begin() + index);
      tell(op, user, user.deleted.back());
      ++changed;
      continue;
    } else if (op == "touch_attach") {
      entry["attach"] = "touched " + std::to_string(next_code_++);
    } else {
      throw std::invalid_argument(
          "op is none of use, return, expire, deactivate, delete, restore, add, touch_attach");
    }
    tell(op, user, entry);
    ++changed;
  }
  return changed;
}

void Data::tell(std::string_view op, const User& user, const boost::json::object& entry) const {
  if (on_change) on_change({std::string(op), user.openid, entry});
}

void Data::move_rows(User& user) {
  mutate(user, "delete", 1);
  mutate(user, "add", 1);
  boost::json::object added = std::move(user.coupons.back());
  user.coupons.pop_back();
  place_anywhere(user, std::move(added));
}

void Data::place_anywhere(User& user, boost::json::object entry) {
  user.coupons.insert(user.coupons.begin() + pick(0, static_cast<std::int64_t>(user.coupons.size())),
                      std::move(entry));
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
