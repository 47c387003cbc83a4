#include "api/canonical_json.h"
#include "api/entry_decoders.h"

#include <array>
#include <utility>
#include <vector>

namespace couponsync {
namespace {

struct Rule {
  std::string_view member;
  UsageMode mode;
};
constexpr std::array kRules{
    Rule{"single_usage_rule", UsageMode::single},
    Rule{"sequential_usage_rule", UsageMode::sequential},
    Rule{"progressive_bundle_usage_rule", UsageMode::progressive_bundle},
};

struct Benefit {
  std::string_view kind;
  std::string_view member;       ///< of a rule with one benefit
  std::string_view list_member;  ///< of a rule with one benefit a round
};
constexpr std::array kBenefits{
    Benefit{"NORMAL", "normal_coupon", "normal_coupon_list"},
    Benefit{"DISCOUNT", "discount_coupon", "discount_coupon_list"},
    Benefit{"EXCHANGE", "exchange_coupon", "exchange_coupon_list"},
};

StockBenefit decode_benefit(const ReplyObject& object, UsageMode mode, std::string_view kind,
                            std::int64_t index) {
  StockBenefit benefit;
  benefit.usage_mode = mode;
  benefit.item_index = index;
  benefit.kind = kind;
  benefit.threshold = object.integer("threshold");
  benefit.discount_amount = object.integer("discount_amount");
  benefit.percent_off = object.integer("percent_off");
  benefit.exchange_price = object.integer("exchange_price");
  return benefit;
}

void decode_benefits(const ReplyObject& rule, UsageMode mode, std::vector<StockBenefit>& benefits) {
  for (const Benefit& benefit : kBenefits) {
    const ReplyObject one = rule.object(benefit.member);
    if (one.present()) {
      benefits.push_back(decode_benefit(one, mode, benefit.kind, 0));
      continue;
    }
    rule.for_each_object(benefit.list_member, [&](std::int64_t index, const ReplyObject& item) {
      benefits.push_back(decode_benefit(item, mode, benefit.kind, index));
    });
  }
}

StockPeriod period_of(UsageMode mode, std::string_view kind, std::int64_t index) {
  StockPeriod period;
  period.usage_mode = mode;
  period.kind = kind;
  period.item_index = index;
  return period;
}

void decode_window(const ReplyObject& available, UsageMode mode, std::vector<StockPeriod>& periods) {
  StockPeriod window = period_of(mode, "WINDOW", 0);
  window.begin_time = available.instant("available_begin_time");
  window.end_time = available.instant("available_end_time");
  window.available_days = available.integer("available_days");
  window.wait_days_after_receive = available.integer("wait_days_after_receive");
  if (window.begin_time || window.end_time || window.available_days || window.wait_days_after_receive)
    periods.push_back(std::move(window));
}

void decode_weekly(const ReplyObject& weekly, UsageMode mode, std::vector<StockPeriod>& periods) {
  StockPeriod days = period_of(mode, "WEEKLY_DAYS", 0);
  days.day_list = weekly.scalar_list("day_list");
  if (days.day_list) periods.push_back(std::move(days));
  weekly.for_each_object("day_period_list", [&](std::int64_t index, const ReplyObject& item) {
    StockPeriod period = period_of(mode, "DAY_PERIOD", index);
    period.begin_second = item.integer("begin_time");
    period.end_second = item.integer("end_time");
    periods.push_back(std::move(period));
  });
}

void decode_periods(const ReplyObject& available, UsageMode mode, std::vector<StockPeriod>& periods) {
  decode_window(available, mode, periods);
  decode_weekly(available.object("weekly_available_period"), mode, periods);
  available.for_each_object("irregular_available_period_list",
                            [&](std::int64_t index, const ReplyObject& item) {
                              StockPeriod period = period_of(mode, "IRREGULAR", index);
                              period.begin_time = item.instant("begin_time");
                              period.end_time = item.instant("end_time");
                              periods.push_back(std::move(period));
                            });
}

void decode_rules(const ReplyObject& object, Stock& stock) {
  for (const auto& [member, mode] : kRules) {
    const ReplyObject rule = object.object(member);
    decode_benefits(rule, mode, stock.benefits);
    decode_periods(rule.object("coupon_available_period"), mode, stock.periods);
    if (!stock.special_first) stock.special_first = rule.flag("special_first");
  }
}

void decode_counts(const ReplyObject& object, Stock& stock) {
  const ReplyObject codes = object.object("coupon_code_count_info");
  stock.coupon_code_total_count = codes.integer("total_count");
  stock.coupon_code_available_count = codes.integer("available_count");
  const ReplyObject sending = object.object("stock_send_rule");
  stock.max_count = sending.integer("max_count");
  stock.max_count_per_day = sending.integer("max_count_per_day");
  stock.max_count_per_user = sending.integer("max_count_per_user");
  const ReplyObject sent = object.object("sent_count_info");
  stock.sent_total_count = sent.integer("total_count");
  stock.sent_today_count = sent.integer("today_count");
}

void decode_usage_rule_display(const ReplyObject& display, Stock& stock) {
  stock.coupon_usage_method_list = display.scalar_list("coupon_usage_method_list");
  stock.usage_rule_mini_program_appid = display.text("mini_program_appid");
  stock.usage_rule_mini_program_path = display.text("mini_program_path");
  stock.app_path = display.text("app_path");
  stock.usage_description = display.text("usage_description");
  const ReplyObject stores = display.object("coupon_available_store_info");
  stock.store_info_description = stores.text("description");
  stock.store_info_mini_program_appid = stores.text("mini_program_appid");
  stock.store_info_mini_program_path = stores.text("mini_program_path");
}

void decode_coupon_display(const ReplyObject& display, Stock& stock) {
  stock.code_display_mode = display.text("code_display_mode");
  stock.background_color = display.text("background_color");
  const ReplyObject program = display.object("entrance_mini_program");
  stock.entrance_mini_program_appid = program.text("appid");
  stock.entrance_mini_program_path = program.text("path");
  stock.entrance_wording = program.text("entrance_wording");
  stock.guidance_wording = program.text("guidance_wording");
  stock.entrance_official_account_appid = display.object("entrance_official_account").text("appid");
  const ReplyObject finder = display.object("entrance_finder");
  stock.finder_id = finder.text("finder_id");
  stock.finder_video_id = finder.text("finder_video_id");
  stock.finder_video_cover_image_url = finder.text("finder_video_cover_image_url");
}

void decode_state(const ReplyObject& object, Stock& stock) {
  stock.state = object.text("state");
  stock.deactivate_request_no = object.text("deactivate_request_no");
  stock.deactivate_time = object.instant("deactivate_time");
  stock.deactivate_reason = object.text("deactivate_reason");
}

}  // namespace

std::optional<Stock> decode_stock(const ReplyObject& object, std::string_view raw) {
  if (!object.present()) return std::nullopt;
  Text stock_id = object.identity("stock_id");
  if (!stock_id) return std::nullopt;
  Stock stock;
  stock.stock_id = std::move(*stock_id);
  stock.product_coupon_id = object.text("product_coupon_id");
  stock.remark = object.text("remark");
  stock.coupon_code_mode = object.text("coupon_code_mode");
  decode_counts(object, stock);
  decode_rules(object, stock);
  decode_usage_rule_display(object.object("usage_rule_display_info"), stock);
  decode_coupon_display(object.object("coupon_display_info"), stock);
  stock.notify_appid = object.object("notify_config").text("notify_appid");
  stock.store_scope = object.text("store_scope");
  decode_state(object, stock);
  const ReplyObject bundle = object.object("stock_bundle_info");
  stock.stock_bundle_id = bundle.text("stock_bundle_id");
  stock.stock_bundle_index = bundle.integer("stock_bundle_index");
  stock.brand_id = object.text("brand_id");
  stock.raw_json = raw;
  CanonicalForm form;
  form.add(*object.dom(),
           {"coupon_code_count_info", "sent_count_info"});  // they change without the stock changing
  stock.content_hash = form.digest();
  return stock;
}

}  // namespace couponsync
