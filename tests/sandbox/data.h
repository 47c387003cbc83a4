#pragma once

#include <boost/json/object.hpp>

#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace couponsync::sandbox {

enum class Edition { sequential, bundle, both };

struct DataOptions {
  std::uint64_t seed = 1;
  int users = 20;
  int coupons_max = 130;  ///< of one user
  int coupons_total = 0;  ///< roughly, over all users; 0: whatever comes
  int stocks = 12;
  Edition edition = Edition::both;
  bool unknown_members = false;  ///< members and values that no documentation knows yet
};

struct User {
  std::string openid;
  std::vector<boost::json::object> coupons;  ///< entries of user_coupon_list, in the order they are listed
  std::vector<boost::json::object> deleted;  ///< those that `delete` took away
};

/// What `mutate` did to a coupon.
struct Change {
  std::string op;
  std::string openid;
  boost::json::object entry;  ///< as it is now, or was last
};

/// The brand's coupons, made up from a seed: users with very different numbers of coupons (0, 1, 50, 51, 100
/// and the most among them), all seven states, three benefits and both editions, Chinese text and emoji,
/// times in every documented form, and optional members that are sometimes there, sometimes absent and
/// sometimes null.
class Data {
 public:
  explicit Data(DataOptions options);

  /// Told of each change after it was made.
  std::function<void(const Change&)> on_change;

  const std::string& appid() const { return appid_; }
  std::vector<User>& users() { return users_; }
  const std::vector<User>& users() const { return users_; }
  const User* find(std::string_view openid) const;
  User* find(std::string_view openid);
  bool knows_stock(std::string_view stock_id) const;
  bool knows_product(std::string_view product_coupon_id) const;

  /// Replaces every user's coupons by this one entry.
  void show_example(const boost::json::object& entry);

  /// Changes `count` coupons of a user (or adds them): use, return, expire, deactivate, delete (no longer
  /// listed), restore (one that was deleted), add, touch_attach. Returns how many it changed. Throws
  /// std::invalid_argument for another `op`.
  int mutate(User& user, std::string_view op, int count);
  /// `count` changes of any kind, of any users.
  int mutate_at_random(int count);
  /// Deletes one coupon and puts a new one anywhere, so that those between them move.
  void move_rows(User& user);

 private:
  struct Offer {  ///< a stock and its product, as they ride along
    boost::json::object stock;
    boost::json::object product;
    std::string mode;
    int rounds = 1;
  };

  void tell(std::string_view op, const User& user, const boost::json::object& entry) const;
  int coupon_count(int user);
  Offer make_offer(int index);
  boost::json::object make_rule(const std::string& type, bool list);
  /// One coupon: one entry, or for a bundle one entry a round.
  void add_coupon(User& user);
  void place_anywhere(User& user, boost::json::object entry);
  boost::json::object make_entry(const Offer& offer);
  boost::json::object make_usage(bool used, bool pay_score);
  std::string time_text(std::int64_t unix_seconds);
  void maybe_forget(boost::json::object& object, std::string_view member);

  std::int64_t pick(std::int64_t low, std::int64_t high);
  bool chance(double probability);

  DataOptions options_;
  std::mt19937_64 random_;
  std::string appid_ = "wx233544546545989";
  std::vector<Offer> offers_;
  std::vector<User> users_;
  int next_code_ = 1;
};

}  // namespace couponsync::sandbox
