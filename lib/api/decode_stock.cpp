#include "api/decode_objects.h"

#include <string>
#include <utility>
#include <vector>

namespace couponsync {
namespace {

void add_benefit(const JsonReader& object, UsageMode mode, const char* kind, std::int64_t index,
                 Stock& stock) {
  StockBenefit benefit;
  benefit.usage_mode = mode;
  benefit.kind = kind;
  benefit.item_index = index;
  benefit.threshold = object.integer("threshold");
  benefit.discount_amount = object.integer("discount_amount");
  benefit.percent_off = object.integer("percent_off");
  benefit.exchange_price = object.integer("exchange_price");
  stock.benefits.push_back(std::move(benefit));
}

/// `normal_coupon` of a rule for one use, `normal_coupon_list` of one for several.
void decode_benefits(const JsonReader& rule, UsageMode mode, Stock& stock) {
  struct Kind {
    const char* name;
    const char* member;
    const char* list;
  };
  for (const Kind& kind : {Kind{"NORMAL", "normal_coupon", "normal_coupon_list"},
                           Kind{"DISCOUNT", "discount_coupon", "discount_coupon_list"},
                           Kind{"EXCHANGE", "exchange_coupon", "exchange_coupon_list"}}) {
    std::int64_t index = 0;
    const JsonReader one = rule.object(kind.member);
    if (one.present()) add_benefit(one, mode, kind.name, index++, stock);
    for (const JsonReader& item : rule.objects(kind.list)) add_benefit(item, mode, kind.name, index++, stock);
  }
}

StockPeriod period_of(UsageMode mode, const char* kind, std::int64_t index) {
  StockPeriod period;
  period.usage_mode = mode;
  period.kind = kind;
  period.item_index = index;
  return period;
}

void decode_periods(const JsonReader& object, UsageMode mode, Stock& stock) {
  StockPeriod window = period_of(mode, "WINDOW", 0);
  window.begin_time = object.instant("available_begin_time");
  window.end_time = object.instant("available_end_time");
  window.available_days = object.integer("available_days");
  window.wait_days_after_receive = object.integer("wait_days_after_receive");
  if (window.begin_time || window.end_time || window.available_days || window.wait_days_after_receive)
    stock.periods.push_back(std::move(window));

  const JsonReader weekly = object.object("weekly_available_period");
  StockPeriod days = period_of(mode, "WEEKLY_DAYS", 0);
  days.day_list = weekly.list_text("day_list");
  if (days.day_list) stock.periods.push_back(std::move(days));
  std::int64_t index = 0;
  for (const JsonReader& item : weekly.objects("day_period_list")) {
    StockPeriod period = period_of(mode, "DAY_PERIOD", index++);
    period.begin_second = item.integer("begin_time");
    period.end_second = item.integer("end_time");
    stock.periods.push_back(std::move(period));
  }
  index = 0;
  for (const JsonReader& item : object.objects("irregular_available_period_list")) {
    StockPeriod period = period_of(mode, "IRREGULAR", index++);
    period.begin_time = item.instant("begin_time");
    period.end_time = item.instant("end_time");
    stock.periods.push_back(std::move(period));
  }
}

void decode_rules(const JsonReader& object, Stock& stock) {
  for (const auto& [member, mode] :
       {std::pair{"single_usage_rule", UsageMode::single},
        std::pair{"sequential_usage_rule", UsageMode::sequential},
        std::pair{"progressive_bundle_usage_rule", UsageMode::progressive_bundle}}) {
    const JsonReader rule = object.object(member);
    decode_periods(rule.object("coupon_available_period"), mode, stock);
    decode_benefits(rule, mode, stock);
    if (!stock.special_first) stock.special_first = rule.flag("special_first");
  }
}

void decode_display(const JsonReader& object, Stock& stock) {
  const JsonReader usage = object.object("usage_rule_display_info");
  stock.coupon_usage_method_list = usage.list_text("coupon_usage_method_list");
  stock.usage_rule_mini_program_appid = usage.text("mini_program_appid");
  stock.usage_rule_mini_program_path = usage.text("mini_program_path");
  stock.app_path = usage.text("app_path");
  stock.usage_description = usage.text("usage_description");
  const JsonReader stores = usage.object("coupon_available_store_info");
  stock.store_info_description = stores.text("description");
  stock.store_info_mini_program_appid = stores.text("mini_program_appid");
  stock.store_info_mini_program_path = stores.text("mini_program_path");

  const JsonReader display = object.object("coupon_display_info");
  stock.code_display_mode = display.text("code_display_mode");
  stock.background_color = display.text("background_color");
  const JsonReader mini_program = display.object("entrance_mini_program");
  stock.entrance_mini_program_appid = mini_program.text("appid");
  stock.entrance_mini_program_path = mini_program.text("path");
  stock.entrance_wording = mini_program.text("entrance_wording");
  stock.guidance_wording = mini_program.text("guidance_wording");
  stock.entrance_official_account_appid = display.object("entrance_official_account").text("appid");
  const JsonReader finder = display.object("entrance_finder");
  stock.finder_id = finder.text("finder_id");
  stock.finder_video_id = finder.text("finder_video_id");
  stock.finder_video_cover_image_url = finder.text("finder_video_cover_image_url");
}

void decode_counts(const JsonReader& object, Stock& stock) {
  const JsonReader codes = object.object("coupon_code_count_info");
  stock.coupon_code_total_count = codes.integer("total_count");
  stock.coupon_code_available_count = codes.integer("available_count");
  const JsonReader limits = object.object("stock_send_rule");
  stock.max_count = limits.integer("max_count");
  stock.max_count_per_day = limits.integer("max_count_per_day");
  stock.max_count_per_user = limits.integer("max_count_per_user");
  const JsonReader sent = object.object("sent_count_info");
  stock.sent_total_count = sent.integer("total_count");
  stock.sent_today_count = sent.integer("today_count");
}

}  // namespace

void decode_stock(const JsonReader& object, Stock& stock) {
  stock.product_coupon_id = object.text("product_coupon_id");
  stock.remark = object.text("remark");
  stock.coupon_code_mode = object.text("coupon_code_mode");
  stock.notify_appid = object.object("notify_config").text("notify_appid");
  stock.store_scope = object.text("store_scope");
  stock.state = object.text("state");
  stock.deactivate_request_no = object.text("deactivate_request_no");
  stock.deactivate_time = object.instant("deactivate_time");
  stock.deactivate_reason = object.text("deactivate_reason");
  const JsonReader bundle = object.object("stock_bundle_info");
  stock.stock_bundle_id = bundle.text("stock_bundle_id");
  stock.stock_bundle_index = bundle.integer("stock_bundle_index");
  decode_counts(object, stock);
  decode_rules(object, stock);
  decode_display(object, stock);
}

}  // namespace couponsync
