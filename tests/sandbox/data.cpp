#include "sandbox/data.h"

#include <boost/json/array.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <stdexcept>

namespace couponsync::sandbox {
namespace {

namespace json = boost::json;

constexpr std::array<const char*, 7> kStates{"CONFIRMING", "PENDING", "EFFECTIVE",  "USED",
                                             "EXPIRED",    "DELETED", "DEACTIVATED"};
constexpr std::array<int, 6> kSpecialCounts{0, 1, 50, 51, 100, -1};
constexpr std::int64_t kEpoch = 1'767'225'600;  // 2026-01-01T00:00:00Z
constexpr std::array<const char*, 3> kTypes{"NORMAL", "DISCOUNT", "EXCHANGE"};

std::string numbered(const char* format, int number) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), format, number);
  return text.data();
}

}  // namespace

Data::Data(DataOptions options) : options_(options), random_(options.seed) {
  for (int i = 0; i < std::max(options_.stocks, 4); ++i) offers_.push_back(make_offer(i));
  users_.resize(static_cast<std::size_t>(options_.users));
  double scale = 1;
  std::vector<int> counts;
  for (int i = 0; i < options_.users; ++i) counts.push_back(coupon_count(i));
  if (options_.coupons_total > 0) {
    double sum = 0;
    for (const int count : counts) sum += count;
    scale = sum > 0 ? options_.coupons_total / sum : 1;
  }
  for (int i = 0; i < options_.users; ++i) {
    User& user = users_[static_cast<std::size_t>(i)];
    user.openid = numbered("oSandbox_user-%014d", static_cast<int>(pick(0, 9)) * 10'000'000 + i);
    const auto count = static_cast<std::size_t>(std::lround(counts[static_cast<std::size_t>(i)] * scale));
    while (user.coupons.size() < count) add_coupon(user);
    user.coupons.resize(count);
  }
}

int Data::coupon_count(int user) {
  if (static_cast<std::size_t>(user) < kSpecialCounts.size()) {
    const int special = kSpecialCounts[static_cast<std::size_t>(user)];
    return special < 0 ? options_.coupons_max : std::min(special, options_.coupons_max);
  }
  const double u = std::uniform_real_distribution<double>(0, 1)(random_);
  return static_cast<int>(std::lround(options_.coupons_max * u * u));
}

std::int64_t Data::pick(std::int64_t low, std::int64_t high) {
  return std::uniform_int_distribution<std::int64_t>(low, high)(random_);
}

bool Data::chance(double probability) {
  return std::uniform_real_distribution<double>(0, 1)(random_) < probability;
}

std::string Data::time_text(std::int64_t unix_seconds) {
  const bool utc = chance(0.2);
  std::time_t shifted = unix_seconds + (utc ? 0 : 8 * 3600);
  const bool without_seconds = !utc && shifted % 60 == 0 && chance(0.5);
  std::tm parts{};
  gmtime_r(&shifted, &parts);
  std::array<char, 40> text{};
  std::strftime(text.data(), text.size(), without_seconds ? "%Y-%m-%dT%H:%M" : "%Y-%m-%dT%H:%M:%S", &parts);
  const char* fraction = !without_seconds && chance(0.1) ? ".123" : "";
  return std::string(text.data()) + fraction + (utc ? "Z" : "+08:00");
}

void Data::maybe_forget(json::object& object, std::string_view member) {
  if (chance(0.85)) return;
  if (chance(0.5))
    object.erase(member);
  else
    object[member] = nullptr;
}

json::object Data::make_rule(const std::string& type, bool list) {
  json::object benefit{{"threshold", pick(10, 200) * 100}};
  std::string member;
  if (type == "NORMAL") {
    benefit["discount_amount"] = pick(1, 10) * 100;
    member = "normal_coupon";
  } else if (type == "DISCOUNT") {
    benefit["percent_off"] = pick(5, 50);
    member = "discount_coupon";
  } else {
    benefit["exchange_price"] = pick(1, 99);
    member = "exchange_coupon";
  }
  json::object period{{"available_begin_time", time_text(kEpoch)},
                      {"available_end_time", time_text(kEpoch + 300 * 86'400)},
                      {"available_days", pick(1, 30)},
                      {"wait_days_after_receive", pick(0, 3)},
                      {"weekly_available_period",
                       {{"day_list", {"MONDAY", "SUNDAY"}},
                        {"day_period_list", {{{"begin_time", 60}, {"end_time", pick(3600, 86'399)}}}}}}};
  json::object rule{{"coupon_available_period", std::move(period)}};
  if (list) {
    json::object second = benefit;
    second["threshold"] = pick(10, 200) * 100;
    rule[member + "_list"] = json::array{benefit, second};
    rule["special_first"] = chance(0.5);
  } else {
    rule[member] = benefit;
  }
  return rule;
}

Data::Offer Data::make_offer(int index) {
  // Two stocks share each product.
  const int product = index / 2;
  Offer offer;
  const std::string type = kTypes[static_cast<std::size_t>(product) % kTypes.size()];
  if (product % 2 == 0)
    offer.mode = "SINGLE";
  else if (options_.edition == Edition::both)
    offer.mode = product % 4 == 1 ? "SEQUENTIAL" : "PROGRESSIVE_BUNDLE";
  else
    offer.mode = options_.edition == Edition::bundle ? "PROGRESSIVE_BUNDLE" : "SEQUENTIAL";
  offer.rounds = offer.mode == "SINGLE" ? 1 : 2 + product % 4;

  const std::string product_id = numbered("100%07d", product);
  offer.product = {{"product_coupon_id", product_id},
                   {"scope", product % 5 == 0 ? "SINGLE" : "ALL"},
                   {"type", type},
                   {"usage_mode", offer.mode},
                   {"display_info",
                    {{"name", numbered("满%d减1元 ☕️🎉 \"特惠\"", 10 + product)},
                     {"image_url", "https://wxpaylogo.qpic.cn/wxpaylogo/sandbox/a"},
                     {"background_url", "https://wxpaylogo.qpic.cn/wxpaylogo/sandbox/b"},
                     {"original_price", 1000 + product}}},
                   {"out_product_no", numbered("Product_%010d", product)},
                   {"state", "EFFECTIVE"}};
  if (offer.mode == "SEQUENTIAL")
    offer.product["sequential_usage_info"] = {
        {"type", "EQUAL"}, {"count", offer.rounds}, {"available_days", 7}, {"interval_days", 1}};
  if (offer.mode == "PROGRESSIVE_BUNDLE")
    offer.product["progressive_bundle_usage_info"] = {{"count", offer.rounds}, {"interval_days", 1}};

  offer.stock = {
      {"product_coupon_id", product_id},
      {"stock_id", numbered("2000%06d", index)},
      {"remark", numbered("批次 %d 🧋", index)},
      {"coupon_code_mode", index % 3 == 0 ? "UPLOAD" : "WECHATPAY"},
      {"coupon_code_count_info", {{"total_count", 10'000}, {"available_count", pick(0, 10'000)}}},
      {"stock_send_rule",
       {{"max_count", 10'000'000}, {"max_count_per_day", 10'000}, {"max_count_per_user", pick(1, 200)}}},
      {"store_scope", "SPECIFIC"},
      {"notify_config", {{"notify_appid", appid_}}},
      {"sent_count_info", {{"total_count", pick(0, 5'000)}, {"today_count", pick(0, 50)}}},
      {"state", "SENDING"}};
  if (offer.mode == "SINGLE") offer.stock["single_usage_rule"] = make_rule(type, false);
  if (offer.mode == "SEQUENTIAL") offer.stock["sequential_usage_rule"] = make_rule(type, true);
  if (offer.mode == "PROGRESSIVE_BUNDLE") {
    offer.stock["progressive_bundle_usage_rule"] = make_rule(type, false);
    offer.stock["stock_bundle_info"] = {{"stock_bundle_id", numbered("SB%06d", product)},
                                        {"stock_bundle_index", index % 2}};
  }
  return offer;
}

json::object Data::make_usage(bool used, bool pay_score) {
  json::object usage;
  if (!used) return usage;
  usage["use_request_no"] = numbered("MCHUSE%012d", static_cast<int>(pick(0, 999'999'999)));
  usage["use_time"] = time_text(kEpoch + pick(0, 200 * 86'400));
  const std::string number = numbered("42000000001%09d", static_cast<int>(pick(0, 999'999'999)));
  if (pay_score)
    usage["associated_pay_score_order_info"] = {{"order_id", number},
                                                {"out_order_no", "score_" + number},
                                                {"mchid", "1234567890"},
                                                {"sub_mchid", "1900000109"}};
  else
    usage["associated_order_info"] = {
        {"transaction_id", number}, {"out_trade_no", "trade_" + number}, {"mchid", "1234567890"}};
  if (chance(0.1)) {
    usage["return_request_no"] = "MCHRETURN" + number;
    usage["return_time"] = time_text(kEpoch + pick(200 * 86'400, 250 * 86'400));
  }
  return usage;
}

json::object Data::make_entry(const Offer& offer) {
  const std::int64_t received = kEpoch + pick(0, 200) * 86'400 + pick(0, 1439) * 60;
  const std::string state = kStates[static_cast<std::size_t>(pick(0, 6))];
  json::object entry{{"coupon_code", numbered("%012d", next_code_++)},
                     {"coupon_state", options_.unknown_members && chance(0.02) ? "FROZEN" : state},
                     {"valid_begin_time", time_text(received)},
                     {"valid_end_time", time_text(received + 30 * 86'400 - 1)},
                     {"receive_time", time_text(received + pick(0, 59))},
                     {"send_request_no", numbered("MCHSEND%012d", next_code_)},
                     {"send_channel", chance(0.5) ? "API" : "BRAND_MANAGE"},
                     {"attach", chance(0.5) ? "来源:小程序 \\ \"活动\"\n第二行 🎁" : "plain"},
                     {"channel_custom_info", "channel"}};
  // The same code under two stocks are two coupons.
  if (chance(0.03)) entry["coupon_code"] = "SHARED-CODE";
  if (state == "CONFIRMING" || chance(0.2)) {
    entry["confirm_request_no"] = numbered("MCHCONFIRM%09d", next_code_);
    entry["confirm_time"] = time_text(received + 60);
  }
  if (state == "DEACTIVATED") {
    entry["deactivate_request_no"] = numbered("MCHOFF%09d", next_code_);
    entry["deactivate_time"] = time_text(received + 3600);
    entry["deactivate_reason"] = "商品已下线";
  }
  for (const char* member :
       {"receive_time", "attach", "channel_custom_info", "send_request_no", "send_channel"})
    maybe_forget(entry, member);
  if (options_.unknown_members && chance(0.2))
    entry["future_info"] = {{"level", 3}, {"tags", {"新", nullptr}}};
  entry["product_coupon"] = offer.product;
  entry["stock"] = offer.stock;
  return entry;
}

void Data::add_coupon(User& user) {
  const Offer& offer =
      offers_[static_cast<std::size_t>(pick(0, static_cast<std::int64_t>(offers_.size()) - 1))];
  const bool shared_before = std::ranges::any_of(user.coupons, [&](const json::object& entry) {
    return entry.at("coupon_code") == "SHARED-CODE" && entry.at("stock") == offer.stock;
  });
  if (offer.mode == "PROGRESSIVE_BUNDLE") {
    const std::string bundle = numbered("BUNDLE%09d", next_code_);
    for (int round = 0; round < offer.rounds; ++round) {
      json::object entry = make_entry(offer);
      entry["coupon_code"] = numbered("%012d", next_code_++);
      const bool used = entry.at("coupon_state") == "USED";
      entry["user_product_coupon_bundle_info"] = {{"user_coupon_bundle_id", bundle},
                                                  {"user_coupon_bundle_index", round},
                                                  {"total_count", offer.rounds},
                                                  {"used_count", used ? 1 : 0}};
      entry["progressive_bundle_usage_detail"] = make_usage(used, chance(0.3));
      if (chance(0.3))
        entry["coupon_tag_info"] = {{"coupon_tag_list", {"MEMBER"}},
                                    {"member_tag_info", {{"member_card_id", "card-1"}}}};
      entry["brand_id"] = "120344";
      user.coupons.push_back(std::move(entry));
    }
    return;
  }
  json::object entry = make_entry(offer);
  if (shared_before) entry["coupon_code"] = numbered("%012d", next_code_++);
  const bool used = entry.at("coupon_state") == "USED";
  if (offer.mode == "SINGLE") {
    if (used) entry["single_usage_detail"] = make_usage(true, false);
  } else {
    json::array items;
    for (int round = 0; round < offer.rounds; ++round) {
      json::object item = make_usage(used && round == 0, false);
      item["detail_state"] = used && round == 0 ? "USED" : "EFFECTIVE";
      item["valid_begin_time"] = time_text(kEpoch + round * 7 * 86'400);
      item["valid_end_time"] = time_text(kEpoch + (round + 1) * 7 * 86'400 - 1);
      items.push_back(std::move(item));
    }
    entry["sequential_usage_detail"] = {
        {"total_count", offer.rounds}, {"used_count", used ? 1 : 0}, {"detail_item_list", std::move(items)}};
  }
  user.coupons.push_back(std::move(entry));
}

const User* Data::find(std::string_view openid) const {
  const auto found = std::ranges::find(users_, openid, &User::openid);
  return found == users_.end() ? nullptr : &*found;
}

User* Data::find(std::string_view openid) {
  const auto found = std::ranges::find(users_, openid, &User::openid);
  return found == users_.end() ? nullptr : &*found;
}

bool Data::knows_stock(std::string_view stock_id) const {
  return std::ranges::any_of(offers_,
                             [&](const Offer& o) { return o.stock.at("stock_id").as_string() == stock_id; });
}

bool Data::knows_product(std::string_view product_coupon_id) const {
  return std::ranges::any_of(offers_, [&](const Offer& o) {
    return o.product.at("product_coupon_id").as_string() == product_coupon_id;
  });
}

void Data::show_example(const json::object& entry) {
  for (User& user : users_) user.coupons = {entry};
}

}  // namespace couponsync::sandbox
