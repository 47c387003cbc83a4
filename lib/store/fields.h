#pragma once

#include "base/coupon.h"
#include "store/records.h"
#include "store/sql.h"

#include <string>
#include <string_view>
#include <tuple>
#include <vector>

/// Inside the store: which member of the domain model is which column. A column's name stands beside its
/// member once, here, so that no statement can bind one to the place of another.
namespace couponsync {

template <class Struct, class Member>
struct Field {
  std::string_view column;
  Member Struct::* member;
};
template <class Struct, class Member>
Field(const char*, Member Struct::*) -> Field<Struct, Member>;

template <class... Fields>
std::vector<std::string_view> columns_of(const std::tuple<Fields...>& fields) {
  return std::apply([](const auto&... field) { return std::vector<std::string_view>{field.column...}; },
                    fields);
}

template <class Struct, class... Fields>
void add_fields(Statement& statement, const std::tuple<Fields...>& fields, const Struct& row) {
  std::apply([&](const auto&... field) { (statement.add(row.*field.member), ...); }, fields);
}

/// An upsert whose parameters are, in this order, `keys`, `insert_only` and `columns`; `insert_only` columns
/// keep what they were first given.
struct Upsert {
  std::string_view table;
  std::vector<std::string_view> keys;
  std::vector<std::string_view> insert_only;
  std::vector<std::string_view> columns;
  bool only_if_different = false;  ///< a row that has these values already counts as not changed

  std::string sql() const;
};

inline constexpr std::tuple kCouponFields{
    Field{"product_coupon_id", &Coupon::product_coupon_id},
    Field{"coupon_state", &Coupon::coupon_state},
    Field{"valid_begin_time", &Coupon::valid_begin_time},
    Field{"valid_end_time", &Coupon::valid_end_time},
    Field{"receive_time", &Coupon::receive_time},
    Field{"send_request_no", &Coupon::send_request_no},
    Field{"send_channel", &Coupon::send_channel},
    Field{"confirm_request_no", &Coupon::confirm_request_no},
    Field{"confirm_time", &Coupon::confirm_time},
    Field{"deactivate_request_no", &Coupon::deactivate_request_no},
    Field{"deactivate_time", &Coupon::deactivate_time},
    Field{"deactivate_reason", &Coupon::deactivate_reason},
    Field{"usage_total_count", &Coupon::usage_total_count},
    Field{"usage_used_count", &Coupon::usage_used_count},
    Field{"user_coupon_bundle_id", &Coupon::user_coupon_bundle_id},
    Field{"user_coupon_bundle_index", &Coupon::user_coupon_bundle_index},
    Field{"member_card_id", &Coupon::member_card_id},
    Field{"coupon_tag_list", &Coupon::coupon_tag_list},
    Field{"brand_id", &Coupon::brand_id},
    Field{"attach", &Coupon::attach},
    Field{"channel_custom_info", &Coupon::channel_custom_info},
    Field{"raw_json", &Coupon::raw_json},
    Field{"content_hash", &Coupon::content_hash},
};

inline constexpr std::tuple kUsageFields{
    Field{"detail_state", &UsageDetail::detail_state},
    Field{"valid_begin_time", &UsageDetail::valid_begin_time},
    Field{"valid_end_time", &UsageDetail::valid_end_time},
    Field{"use_request_no", &UsageDetail::use_request_no},
    Field{"use_time", &UsageDetail::use_time},
    Field{"transaction_id", &UsageDetail::transaction_id},
    Field{"out_trade_no", &UsageDetail::out_trade_no},
    Field{"mchid", &UsageDetail::mchid},
    Field{"sub_mchid", &UsageDetail::sub_mchid},
    Field{"pay_score_order_id", &UsageDetail::pay_score_order_id},
    Field{"pay_score_out_order_no", &UsageDetail::pay_score_out_order_no},
    Field{"return_request_no", &UsageDetail::return_request_no},
    Field{"return_time", &UsageDetail::return_time},
    Field{"delete_time", &UsageDetail::delete_time},
};

inline constexpr std::tuple kStockFields{
    Field{"product_coupon_id", &Stock::product_coupon_id},
    Field{"remark", &Stock::remark},
    Field{"coupon_code_mode", &Stock::coupon_code_mode},
    Field{"max_count", &Stock::max_count},
    Field{"max_count_per_day", &Stock::max_count_per_day},
    Field{"max_count_per_user", &Stock::max_count_per_user},
    Field{"special_first", &Stock::special_first},
    Field{"coupon_usage_method_list", &Stock::coupon_usage_method_list},
    Field{"usage_rule_mini_program_appid", &Stock::usage_rule_mini_program_appid},
    Field{"usage_rule_mini_program_path", &Stock::usage_rule_mini_program_path},
    Field{"app_path", &Stock::app_path},
    Field{"usage_description", &Stock::usage_description},
    Field{"store_info_description", &Stock::store_info_description},
    Field{"store_info_mini_program_appid", &Stock::store_info_mini_program_appid},
    Field{"store_info_mini_program_path", &Stock::store_info_mini_program_path},
    Field{"code_display_mode", &Stock::code_display_mode},
    Field{"background_color", &Stock::background_color},
    Field{"entrance_mini_program_appid", &Stock::entrance_mini_program_appid},
    Field{"entrance_mini_program_path", &Stock::entrance_mini_program_path},
    Field{"entrance_wording", &Stock::entrance_wording},
    Field{"guidance_wording", &Stock::guidance_wording},
    Field{"entrance_official_account_appid", &Stock::entrance_official_account_appid},
    Field{"finder_id", &Stock::finder_id},
    Field{"finder_video_id", &Stock::finder_video_id},
    Field{"finder_video_cover_image_url", &Stock::finder_video_cover_image_url},
    Field{"notify_appid", &Stock::notify_appid},
    Field{"store_scope", &Stock::store_scope},
    Field{"state", &Stock::state},
    Field{"deactivate_request_no", &Stock::deactivate_request_no},
    Field{"deactivate_time", &Stock::deactivate_time},
    Field{"deactivate_reason", &Stock::deactivate_reason},
    Field{"stock_bundle_id", &Stock::stock_bundle_id},
    Field{"stock_bundle_index", &Stock::stock_bundle_index},
    Field{"brand_id", &Stock::brand_id},
    Field{"raw_json", &Stock::raw_json},
    Field{"content_hash", &Stock::content_hash},
};

/// Of `stock`, and of `stock_count`.
inline constexpr std::tuple kStockCounterFields{
    Field{"coupon_code_total_count", &Stock::coupon_code_total_count},
    Field{"coupon_code_available_count", &Stock::coupon_code_available_count},
    Field{"sent_total_count", &Stock::sent_total_count},
    Field{"sent_today_count", &Stock::sent_today_count},
};

inline constexpr std::tuple kBenefitFields{
    Field{"threshold", &StockBenefit::threshold},
    Field{"discount_amount", &StockBenefit::discount_amount},
    Field{"percent_off", &StockBenefit::percent_off},
    Field{"exchange_price", &StockBenefit::exchange_price},
};

inline constexpr std::tuple kPeriodFields{
    Field{"begin_time", &StockPeriod::begin_time},
    Field{"end_time", &StockPeriod::end_time},
    Field{"available_days", &StockPeriod::available_days},
    Field{"wait_days_after_receive", &StockPeriod::wait_days_after_receive},
    Field{"day_list", &StockPeriod::day_list},
    Field{"begin_second", &StockPeriod::begin_second},
    Field{"end_second", &StockPeriod::end_second},
};

inline constexpr std::tuple kProductFields{
    Field{"scope", &ProductCoupon::scope},
    Field{"type", &ProductCoupon::type},
    Field{"usage_mode", &ProductCoupon::usage_mode},
    Field{"out_product_no", &ProductCoupon::out_product_no},
    Field{"state", &ProductCoupon::state},
    Field{"name", &ProductCoupon::name},
    Field{"image_url", &ProductCoupon::image_url},
    Field{"background_url", &ProductCoupon::background_url},
    Field{"detail_image_url_list", &ProductCoupon::detail_image_url_list},
    Field{"original_price", &ProductCoupon::original_price},
    Field{"single_usage_normal_coupon_threshold", &ProductCoupon::single_usage_normal_coupon_threshold},
    Field{"single_usage_normal_coupon_discount_amount",
          &ProductCoupon::single_usage_normal_coupon_discount_amount},
    Field{"single_usage_discount_coupon_threshold", &ProductCoupon::single_usage_discount_coupon_threshold},
    Field{"single_usage_discount_coupon_percent_off",
          &ProductCoupon::single_usage_discount_coupon_percent_off},
    Field{"sequential_usage_type", &ProductCoupon::sequential_usage_type},
    Field{"sequential_usage_count", &ProductCoupon::sequential_usage_count},
    Field{"sequential_usage_available_days", &ProductCoupon::sequential_usage_available_days},
    Field{"sequential_usage_interval_days", &ProductCoupon::sequential_usage_interval_days},
    Field{"progressive_bundle_usage_count", &ProductCoupon::progressive_bundle_usage_count},
    Field{"progressive_bundle_usage_interval_days", &ProductCoupon::progressive_bundle_usage_interval_days},
    Field{"deactivate_request_no", &ProductCoupon::deactivate_request_no},
    Field{"deactivate_time", &ProductCoupon::deactivate_time},
    Field{"deactivate_reason", &ProductCoupon::deactivate_reason},
    Field{"brand_id", &ProductCoupon::brand_id},
    Field{"raw_json", &ProductCoupon::raw_json},
    Field{"content_hash", &ProductCoupon::content_hash},
};

inline constexpr std::tuple kChoiceFields{
    Field{"package_name", &ComboChoice::package_name},
    Field{"pick_count", &ComboChoice::pick_count},
    Field{"name", &ComboChoice::name},
    Field{"price", &ComboChoice::price},
    Field{"count", &ComboChoice::count},
    Field{"image_url", &ComboChoice::image_url},
    Field{"mini_program_appid", &ComboChoice::mini_program_appid},
    Field{"mini_program_path", &ComboChoice::mini_program_path},
};

inline constexpr std::tuple kRunFields{
    Field{"listings_total", &RunCounters::listings_total},
    Field{"listings_ok", &RunCounters::listings_ok},
    Field{"listings_failed", &RunCounters::listings_failed},
    Field{"pages", &RunCounters::pages},
    Field{"requests", &RunCounters::requests},
    Field{"coupons_seen", &RunCounters::coupons_seen},
    Field{"inserted", &RunCounters::inserted},
    Field{"updated", &RunCounters::updated},
    Field{"unchanged", &RunCounters::unchanged},
    Field{"missing", &RunCounters::missing},
    Field{"rate_limited", &RunCounters::rate_limited},
    Field{"retries", &RunCounters::retries},
    Field{"failovers", &RunCounters::failovers},
    Field{"bytes", &RunCounters::bytes},
    Field{"seconds", &RunCounters::seconds},
};

}  // namespace couponsync
