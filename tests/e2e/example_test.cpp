#include "e2e/e2e_fixture.h"

namespace couponsync::test {
namespace {

/// The documentation's own example, served by the sandbox, read by the service, read back from the mirror.
class Example : public E2eTest {
 protected:
  void SetUp() override {
    start_sandbox({"--users", "1", "--example", COUPONSYNC_TEST_DATA "/list-user-coupons.example.json"});
    once();
  }

  std::string coupon(const std::string& column) { return query("SELECT " + column + " FROM coupon"); }
  std::string detail(const std::string& mode, const std::string& column) {
    return query("SELECT " + column + " FROM usage_detail WHERE usage_mode = '" + mode + "'");
  }
  std::string stock(const std::string& column) { return query("SELECT " + column + " FROM stock"); }
  std::string product(const std::string& column) {
    return query("SELECT " + column + " FROM product_coupon");
  }
};

TEST_F(Example, TheCouponReadsBackAsWhatItSays) {
  EXPECT_EQ(coupon("count(*)"), "1");
  EXPECT_EQ(coupon("coupon_code"), "123446565767");
  EXPECT_EQ(coupon("coupon_state"), "USED");
  EXPECT_EQ(coupon("valid_begin_time"), std::to_string(instant("2025-01-01T00:00+08:00")));
  EXPECT_EQ(coupon("valid_end_time"), std::to_string(instant("2025-01-30T23:59:59+08:00")));
  EXPECT_EQ(coupon("receive_time"), std::to_string(instant("2025-01-01T09:10:00+08:00")));
  EXPECT_EQ(coupon("datetime(receive_time, 'unixepoch')"), "2025-01-01 01:10:00");
  EXPECT_EQ(coupon("send_request_no"), "MCHSEND202003101234");
  EXPECT_EQ(coupon("send_channel"), "API");
  EXPECT_EQ(coupon("confirm_request_no"), "MCHCONFIRM202003101234");
  EXPECT_EQ(coupon("confirm_time"), std::to_string(instant("2025-01-20T13:29:35+08:00")));
  EXPECT_EQ(coupon("deactivate_request_no"), "1002600620019090123143254436");
  EXPECT_EQ(coupon("deactivate_time"), std::to_string(instant("2025-01-20T13:29:35+08:00")));
  EXPECT_EQ(coupon("deactivate_reason"), "商品已下线");
  EXPECT_EQ(coupon("usage_total_count"), "10");
  EXPECT_EQ(coupon("usage_used_count"), "3");
  EXPECT_EQ(coupon("attach"), "example_attach");
  EXPECT_EQ(coupon("channel_custom_info"), "example_channel_custom_info");
  EXPECT_EQ(coupon("stock_id"), "123456789");
  EXPECT_EQ(coupon("product_coupon_id"), "1002323");
  EXPECT_EQ(coupon("json_extract(raw_json, '$.sequential_usage_detail.used_count')"), "3");
  EXPECT_EQ(
      coupon(
          "json_extract(raw_json, '$.stock') IS NULL AND json_extract(raw_json, '$.product_coupon') IS NULL"),
      "1");
}

TEST_F(Example, BothKindsOfUsageAreThere) {
  EXPECT_EQ(query("SELECT count(*) FROM usage_detail"), "2");
  for (const std::string mode : {"SINGLE", "SEQUENTIAL"}) {
    EXPECT_EQ(detail(mode, "use_request_no"), "MCHUSE202003101234");
    EXPECT_EQ(detail(mode, "use_time"), std::to_string(instant("2025-07-20T13:29:35+08:00")));
    EXPECT_EQ(detail(mode, "transaction_id"), "4200000000123456789123456789");
    EXPECT_EQ(detail(mode, "out_trade_no"), "trade_no_20250724123456");
    EXPECT_EQ(detail(mode, "mchid"), "1234567890");
    EXPECT_EQ(detail(mode, "sub_mchid"), "1234567890");
    EXPECT_EQ(detail(mode, "return_request_no"), "MCHRETURN202003101234");
    EXPECT_EQ(detail(mode, "return_time"), std::to_string(instant("2025-07-20T14:29:35+08:00")));
  }
  EXPECT_EQ(detail("SEQUENTIAL", "detail_state"), "USED");
  EXPECT_EQ(detail("SEQUENTIAL", "valid_begin_time"), std::to_string(instant("2025-07-24T00:00+08:00")));
  EXPECT_EQ(detail("SEQUENTIAL", "valid_end_time"), std::to_string(instant("2025-07-30T23:59:59+08:00")));
  EXPECT_EQ(detail("SEQUENTIAL", "delete_time"), std::to_string(instant("2025-07-20T14:29:35+08:00")));
}

TEST_F(Example, TheStockItsBenefitsAndPeriodsAreThere) {
  EXPECT_EQ(stock("stock_id"), "123456789");
  EXPECT_EQ(stock("product_coupon_id"), "200000001");
  EXPECT_EQ(stock("remark"), "满减券");
  EXPECT_EQ(stock("coupon_code_mode"), "UPLOAD");
  EXPECT_EQ(stock("coupon_code_total_count || '/' || coupon_code_available_count"), "10000/999");
  EXPECT_EQ(stock("max_count || '/' || max_count_per_day || '/' || max_count_per_user"), "10000000/10000/1");
  EXPECT_EQ(stock("special_first"), "0");
  EXPECT_EQ(stock("notify_appid"), "wx4fd12345678");
  EXPECT_EQ(stock("store_scope"), "SPECIFIC");
  EXPECT_EQ(stock("sent_total_count || '/' || sent_today_count"), "100/10");
  EXPECT_EQ(stock("state"), "SENDING");
  EXPECT_EQ(stock("deactivate_time"), std::to_string(instant("2025-01-01T00:00+08:00")));
  EXPECT_EQ(query("SELECT count(*) FROM stock_benefit"), "6");
  EXPECT_EQ(query("SELECT threshold || '/' || exchange_price FROM stock_benefit"
                  " WHERE usage_mode = 'SEQUENTIAL' AND kind = 'EXCHANGE'"),
            "10000/100");
  EXPECT_EQ(
      query("SELECT begin_time || '-' || end_time || '/' || available_days || '/' || wait_days_after_receive"
            " FROM stock_period WHERE usage_mode = 'SINGLE' AND kind = 'WINDOW'"),
      std::to_string(instant("2025-01-01T00:00:00+08:00")) + "-" +
          std::to_string(instant("2025-10-01T00:00:00+08:00")) + "/10/1");
  EXPECT_EQ(query("SELECT begin_second || '-' || end_second FROM stock_period"
                  " WHERE usage_mode = 'SINGLE' AND kind = 'DAY_PERIOD'"),
            "60-86399");
  EXPECT_EQ(query("SELECT day_list FROM stock_period WHERE usage_mode = 'SINGLE' AND kind = 'WEEKLY_DAYS'"),
            "[\"MONDAY\"]");
}

TEST_F(Example, TheProductIsThere) {
  EXPECT_EQ(product("product_coupon_id"), "1002323");
  EXPECT_EQ(product("scope || type || usage_mode || state"), "ALLNORMALSEQUENTIALAUDITING");
  EXPECT_EQ(
      product("single_usage_normal_coupon_threshold || '/' || single_usage_normal_coupon_discount_amount"),
      "10000/100");
  EXPECT_EQ(
      product("single_usage_discount_coupon_threshold || '/' || single_usage_discount_coupon_percent_off"),
      "10000/30");
  EXPECT_EQ(
      product(
          "sequential_usage_type || '/' || sequential_usage_count || '/' || sequential_usage_available_days"
          " || '/' || sequential_usage_interval_days"),
      "EQUAL/10/10/1");
  EXPECT_EQ(product("out_product_no"), "Product_1234567890");
  EXPECT_EQ(product("deactivate_time"), std::to_string(instant("2025-06-20T13:29:35+08:00")));
  EXPECT_EQ(query("SELECT package_name || '/' || pick_count || '/' || name || '/' || price || '/' || count"
                  " FROM combo_choice"),
            "咖啡2选1/3/美式/10000/2");
}

}  // namespace
}  // namespace couponsync::test
