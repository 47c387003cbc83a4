#pragma once

#include "base/digest.h"
#include "base/sensitive.h"
#include "base/time.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The domain model: one page of a user's coupons as plain data, with the API's own names. Only identity is
/// certain to be there, so everything else is optional; a value the API adds to an enumeration stays the text
/// it came as. Money is in fen, instants are unix seconds, lists of scalars are JSON text.
namespace couponsync {

using Text = std::optional<std::string>;
using Integer = std::optional<std::int64_t>;
using Instant = std::optional<UnixSeconds>;
using Flag = std::optional<bool>;

/// How a coupon is used: at once, in rounds held by one entry, or in rounds that are entries of their own.
enum class UsageMode { single, sequential, progressive_bundle };

constexpr std::string_view name_of(UsageMode mode) {
  switch (mode) {
    case UsageMode::single:
      return "SINGLE";
    case UsageMode::sequential:
      return "SEQUENTIAL";
    case UsageMode::progressive_bundle:
      return "PROGRESSIVE_BUNDLE";
  }
  return "";
}

/// One use, or one round, of a coupon: a row of `usage_detail`.
struct UsageDetail {
  UsageMode usage_mode = UsageMode::single;
  std::int64_t item_index = 0;  ///< place in detail_item_list from 0: rounds have no id of their own
  Text detail_state;
  Instant valid_begin_time;
  Instant valid_end_time;
  Text use_request_no;
  Instant use_time;
  Text transaction_id;
  Text out_trade_no;
  Text mchid;
  Text sub_mchid;
  Text pay_score_order_id;
  Text pay_score_out_order_no;
  Text return_request_no;
  Instant return_time;
  Instant delete_time;
};

/// What a coupon takes off: a row of `stock_benefit`.
struct StockBenefit {
  UsageMode usage_mode = UsageMode::single;
  std::int64_t item_index = 0;  ///< place in its list, 0 for a single rule
  std::string kind;             ///< NORMAL, DISCOUNT or EXCHANGE
  Integer threshold;
  Integer discount_amount;
  Integer percent_off;
  Integer exchange_price;
};

/// When a coupon can be used: a row of `stock_period`.
struct StockPeriod {
  UsageMode usage_mode = UsageMode::single;
  std::string kind;             ///< WINDOW, WEEKLY_DAYS, DAY_PERIOD or IRREGULAR
  std::int64_t item_index = 0;  ///< place among those of its kind
  Instant begin_time;           ///< WINDOW, IRREGULAR
  Instant end_time;
  Integer available_days;  ///< WINDOW
  Integer wait_days_after_receive;
  Text day_list;         ///< WEEKLY_DAYS: JSON list such as ["MONDAY"]
  Integer begin_second;  ///< DAY_PERIOD: seconds of the day
  Integer end_second;
};

/// A batch of coupons as it rode along in an entry: rows of `stock`, `stock_benefit`, `stock_period`,
/// `stock_count`.
struct Stock {
  std::string stock_id;
  Text product_coupon_id;
  Text remark;
  Text coupon_code_mode;
  Integer coupon_code_total_count;
  Integer coupon_code_available_count;
  Integer max_count;
  Integer max_count_per_day;
  Integer max_count_per_user;
  Flag special_first;
  Text coupon_usage_method_list;
  Text usage_rule_mini_program_appid;
  Text usage_rule_mini_program_path;
  Text app_path;
  Text usage_description;
  Text store_info_description;
  Text store_info_mini_program_appid;
  Text store_info_mini_program_path;
  Text code_display_mode;
  Text background_color;
  Text entrance_mini_program_appid;
  Text entrance_mini_program_path;
  Text entrance_wording;
  Text guidance_wording;
  Text entrance_official_account_appid;
  Text finder_id;
  Text finder_video_id;
  Text finder_video_cover_image_url;
  Text notify_appid;
  Text store_scope;
  Integer sent_total_count;
  Integer sent_today_count;
  Text state;
  Text deactivate_request_no;
  Instant deactivate_time;
  Text deactivate_reason;
  Text stock_bundle_id;
  Integer stock_bundle_index;
  Text brand_id;
  std::vector<StockBenefit> benefits;
  std::vector<StockPeriod> periods;
  std::string raw_json;   ///< the `stock` object as received
  Digest content_hash{};  ///< of all but the counters
};

/// One choice of one combo package of a product: a row of `combo_choice`.
struct ComboChoice {
  std::int64_t package_index = 0;
  std::int64_t choice_index = 0;
  Text package_name;
  Integer pick_count;
  Text name;
  Integer price;
  Integer count;
  Text image_url;
  Text mini_program_appid;
  Text mini_program_path;
};

/// A product coupon as it rode along in an entry: rows of `product_coupon` and `combo_choice`.
struct ProductCoupon {
  std::string product_coupon_id;
  Text scope;
  Text type;
  Text usage_mode;
  Text out_product_no;
  Text state;
  Text name;
  Text image_url;
  Text background_url;
  Text detail_image_url_list;
  Integer original_price;
  Integer single_usage_normal_coupon_threshold;
  Integer single_usage_normal_coupon_discount_amount;
  Integer single_usage_discount_coupon_threshold;
  Integer single_usage_discount_coupon_percent_off;
  Text sequential_usage_type;
  Integer sequential_usage_count;
  Integer sequential_usage_available_days;
  Integer sequential_usage_interval_days;
  Integer progressive_bundle_usage_count;
  Integer progressive_bundle_usage_interval_days;
  Text deactivate_request_no;
  Instant deactivate_time;
  Text deactivate_reason;
  Text brand_id;
  std::vector<ComboChoice> combo_choices;
  std::string raw_json;  ///< the `product_coupon` object as received
  Digest content_hash{};
};

/// One entry of user_coupon_list: a row of `coupon` and its `usage_detail` rows. Its identity is the
/// listing's appid and openid with `stock_id` and `coupon_code`.
struct Coupon {
  std::string stock_id;
  CouponCode coupon_code;
  Text product_coupon_id;  ///< of product_coupon, else of stock: in the API's own example the two differ
  Text coupon_state;
  Instant valid_begin_time;
  Instant valid_end_time;
  Instant receive_time;
  Text send_request_no;
  Text send_channel;
  Text confirm_request_no;
  Instant confirm_time;
  Text deactivate_request_no;
  Instant deactivate_time;
  Text deactivate_reason;
  Integer usage_total_count;  ///< of the sequential detail or of the bundle
  Integer usage_used_count;
  Text user_coupon_bundle_id;
  Integer user_coupon_bundle_index;
  Text member_card_id;
  Text coupon_tag_list;
  Text brand_id;
  Text attach;
  Text channel_custom_info;
  std::vector<UsageDetail> usage_details;
  std::string raw_json;  ///< the entry as received, without its `product_coupon` and `stock`
  Digest content_hash{};
};

/// One verified reply. Stocks and products repeat in every entry and are here once each, as last seen on the
/// page.
struct Page {
  std::vector<Coupon> coupons;
  std::vector<Stock> stocks;
  std::vector<ProductCoupon> products;
  Text next_page_token;  ///< absent at the listing's end; a token that came empty counts as absent
  Integer total_count;   ///< on the first page only
  /// Entries that do not say which coupon they are, or are none at all: whatever they were, they are not in
  /// `coupons`, so that the listing holds more than its pages show.
  std::int64_t refused_entries = 0;
  /// What was not as documented: "PATH: WHAT", with the place in the reply and never a value. A member of
  /// another type is NULL in the mirror, a broken text has U+FFFD there; raw_json has them as they came.
  std::vector<std::string> oddities;
};

}  // namespace couponsync
