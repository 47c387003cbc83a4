#include "store/mirror_fixture.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace couponsync {
namespace {

/// Gives members values that tell each from every other, and remembers under which column each must be found.
class Filler {
 public:
  void fill(Text& member, const std::string& column) { member = expect(column, "text of " + column); }
  void fill(std::string& member, const std::string& column) { member = expect(column, "text of " + column); }
  void fill(Integer& member, const std::string& column) {
    member = ++number_;
    expect(column, std::to_string(number_));
  }
  void fill(Flag& member, const std::string& column) {
    member = true;
    expect(column, "1");
  }
  std::string expect(const std::string& column, const std::string& text) {
    expected_[column] = text;
    return text;
  }
  /// Compares every column of the only row of `table`, so that a column nobody fills is found, too.
  void check(const std::filesystem::path& path, const std::string& table) const {
    for (const std::string& column : rows(path, "SELECT name FROM pragma_table_info('" + table + "')")) {
      const auto found = expected_.find(column);
      ASSERT_NE(found, expected_.end()) << table << "." << column;
      EXPECT_EQ(value(path, "SELECT " + column + " FROM " + table), found->second) << table << "." << column;
    }
  }

 private:
  std::map<std::string, std::string> expected_;
  std::int64_t number_ = 4'000'000'000;
};

#define FILL(row, member) filler.fill(row.member, #member)

class MirrorColumns : public MirrorTest {
 protected:
  void expect_seen(Filler& filler, const Digest& hash) const {
    filler.expect("first_seen_at", std::to_string(now));
    filler.expect("changed_at", std::to_string(now));
    filler.expect("content_hash", std::string(reinterpret_cast<const char*>(hash.data()), hash.size()));
  }

  ListingId listing = watch(user("openid-1"));
};

TEST_F(MirrorColumns, StoresEveryMemberOfACoupon) {
  Filler filler;
  Coupon c;
  c.stock_id = filler.expect("stock_id", "stock-1");
  c.coupon_code = CouponCode(filler.expect("coupon_code", "code-1"));
  FILL(c, product_coupon_id);
  FILL(c, coupon_state);
  FILL(c, valid_begin_time);
  FILL(c, valid_end_time);
  FILL(c, receive_time);
  FILL(c, send_request_no);
  FILL(c, send_channel);
  FILL(c, confirm_request_no);
  FILL(c, confirm_time);
  FILL(c, deactivate_request_no);
  FILL(c, deactivate_time);
  FILL(c, deactivate_reason);
  FILL(c, usage_total_count);
  FILL(c, usage_used_count);
  FILL(c, user_coupon_bundle_id);
  FILL(c, user_coupon_bundle_index);
  FILL(c, member_card_id);
  FILL(c, coupon_tag_list);
  FILL(c, brand_id);
  FILL(c, attach);
  FILL(c, channel_custom_info);
  FILL(c, raw_json);
  c.content_hash = hash_of("c");
  Page page;
  page.coupons.push_back(c);
  apply(listing, page);

  expect_seen(filler, c.content_hash);
  filler.expect("id", "1");
  filler.expect("appid", "wx-app");
  filler.expect("openid", "openid-1");
  filler.expect("missing_since", "NULL");
  filler.expect("unlisted_since", "NULL");
  filler.check(path, "coupon");
}

TEST_F(MirrorColumns, StoresEveryMemberOfAUse) {
  Filler filler;
  UsageDetail d;
  d.usage_mode = UsageMode::progressive_bundle;
  d.item_index = 3;
  FILL(d, detail_state);
  FILL(d, valid_begin_time);
  FILL(d, valid_end_time);
  FILL(d, use_request_no);
  FILL(d, use_time);
  FILL(d, transaction_id);
  FILL(d, out_trade_no);
  FILL(d, mchid);
  FILL(d, sub_mchid);
  FILL(d, pay_score_order_id);
  FILL(d, pay_score_out_order_no);
  FILL(d, return_request_no);
  FILL(d, return_time);
  FILL(d, delete_time);
  apply(listing, page_of({{.code = "a", .details = {d}}}));

  filler.expect("coupon_id", "1");
  filler.expect("usage_mode", "PROGRESSIVE_BUNDLE");
  filler.expect("item_index", "3");
  filler.check(path, "usage_detail");
}

TEST_F(MirrorColumns, StoresEveryMemberOfAStock) {
  Filler filler;
  Stock s;
  s.stock_id = filler.expect("stock_id", "stock-1");
  FILL(s, product_coupon_id);
  FILL(s, remark);
  FILL(s, coupon_code_mode);
  FILL(s, coupon_code_total_count);
  FILL(s, coupon_code_available_count);
  FILL(s, max_count);
  FILL(s, max_count_per_day);
  FILL(s, max_count_per_user);
  FILL(s, special_first);
  FILL(s, coupon_usage_method_list);
  FILL(s, usage_rule_mini_program_appid);
  FILL(s, usage_rule_mini_program_path);
  FILL(s, app_path);
  FILL(s, usage_description);
  FILL(s, store_info_description);
  FILL(s, store_info_mini_program_appid);
  FILL(s, store_info_mini_program_path);
  FILL(s, code_display_mode);
  FILL(s, background_color);
  FILL(s, entrance_mini_program_appid);
  FILL(s, entrance_mini_program_path);
  FILL(s, entrance_wording);
  FILL(s, guidance_wording);
  FILL(s, entrance_official_account_appid);
  FILL(s, finder_id);
  FILL(s, finder_video_id);
  FILL(s, finder_video_cover_image_url);
  FILL(s, notify_appid);
  FILL(s, store_scope);
  FILL(s, sent_total_count);
  FILL(s, sent_today_count);
  FILL(s, state);
  FILL(s, deactivate_request_no);
  FILL(s, deactivate_time);
  FILL(s, deactivate_reason);
  FILL(s, stock_bundle_id);
  FILL(s, stock_bundle_index);
  FILL(s, brand_id);
  FILL(s, raw_json);
  s.content_hash = hash_of("s");
  Page page;
  page.stocks.push_back(s);
  apply(listing, page);

  expect_seen(filler, s.content_hash);
  filler.check(path, "stock");
  filler.expect("observed_at", std::to_string(now));
  filler.check(path, "stock_count");
}

TEST_F(MirrorColumns, StoresEveryMemberOfABenefitAndAPeriod) {
  Filler filler;
  Stock s = stock("stock-1");
  StockBenefit b;
  b.usage_mode = UsageMode::sequential;
  b.item_index = 2;
  b.kind = filler.expect("kind", "DISCOUNT");
  FILL(b, threshold);
  FILL(b, discount_amount);
  FILL(b, percent_off);
  FILL(b, exchange_price);
  s.benefits.push_back(b);
  StockPeriod p;
  p.usage_mode = UsageMode::sequential;
  p.item_index = 2;
  p.kind = "DISCOUNT";
  FILL(p, begin_time);
  FILL(p, end_time);
  FILL(p, available_days);
  FILL(p, wait_days_after_receive);
  FILL(p, day_list);
  FILL(p, begin_second);
  FILL(p, end_second);
  s.periods.push_back(p);
  Page page;
  page.stocks.push_back(s);
  apply(listing, page);

  filler.expect("stock_id", "stock-1");
  filler.expect("usage_mode", "SEQUENTIAL");
  filler.expect("item_index", "2");
  filler.check(path, "stock_benefit");
  filler.check(path, "stock_period");
}

TEST_F(MirrorColumns, StoresEveryMemberOfAProduct) {
  Filler filler;
  ProductCoupon p;
  p.product_coupon_id = filler.expect("product_coupon_id", "product-1");
  FILL(p, scope);
  FILL(p, type);
  FILL(p, usage_mode);
  FILL(p, out_product_no);
  FILL(p, state);
  FILL(p, name);
  FILL(p, image_url);
  FILL(p, background_url);
  FILL(p, detail_image_url_list);
  FILL(p, original_price);
  FILL(p, single_usage_normal_coupon_threshold);
  FILL(p, single_usage_normal_coupon_discount_amount);
  FILL(p, single_usage_discount_coupon_threshold);
  FILL(p, single_usage_discount_coupon_percent_off);
  FILL(p, sequential_usage_type);
  FILL(p, sequential_usage_count);
  FILL(p, sequential_usage_available_days);
  FILL(p, sequential_usage_interval_days);
  FILL(p, progressive_bundle_usage_count);
  FILL(p, progressive_bundle_usage_interval_days);
  FILL(p, deactivate_request_no);
  FILL(p, deactivate_time);
  FILL(p, deactivate_reason);
  FILL(p, brand_id);
  FILL(p, raw_json);
  p.content_hash = hash_of("p");
  Page page;
  page.products.push_back(p);
  apply(listing, page);

  expect_seen(filler, p.content_hash);
  filler.check(path, "product_coupon");
}

TEST_F(MirrorColumns, StoresEveryMemberOfAComboChoice) {
  Filler filler;
  ProductCoupon p = product(filler.expect("product_coupon_id", "product-1"));
  ComboChoice c;
  c.package_index = 4;
  c.choice_index = 5;
  FILL(c, package_name);
  FILL(c, pick_count);
  FILL(c, name);
  FILL(c, price);
  FILL(c, count);
  FILL(c, image_url);
  FILL(c, mini_program_appid);
  FILL(c, mini_program_path);
  p.combo_choices.push_back(c);
  Page page;
  page.products.push_back(p);
  apply(listing, page);

  filler.expect("package_index", "4");
  filler.expect("choice_index", "5");
  filler.check(path, "combo_choice");
}

}  // namespace
}  // namespace couponsync
