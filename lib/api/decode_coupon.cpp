#include "api/decode_objects.h"

#include <utility>

namespace couponsync {
namespace {

/// The members of single_usage_detail, of an item of detail_item_list, and of
/// progressive_bundle_usage_detail.
UsageDetail decode_usage(const JsonReader& object, UsageMode mode, std::int64_t index) {
  UsageDetail detail;
  detail.usage_mode = mode;
  detail.item_index = index;
  detail.detail_state = object.text("detail_state");
  detail.valid_begin_time = object.instant("valid_begin_time");
  detail.valid_end_time = object.instant("valid_end_time");
  detail.use_request_no = object.text("use_request_no");
  detail.use_time = object.instant("use_time");
  const JsonReader order = object.object("associated_order_info");
  detail.transaction_id = order.text("transaction_id");
  detail.out_trade_no = order.text("out_trade_no");
  detail.mchid = order.text("mchid");
  detail.sub_mchid = order.text("sub_mchid");
  const JsonReader pay_score = object.object("associated_pay_score_order_info");
  detail.pay_score_order_id = pay_score.text("order_id");
  detail.pay_score_out_order_no = pay_score.text("out_order_no");
  // An order is the one kind or the other.
  if (!detail.mchid) detail.mchid = pay_score.text("mchid");
  if (!detail.sub_mchid) detail.sub_mchid = pay_score.text("sub_mchid");
  detail.return_request_no = object.text("return_request_no");
  detail.return_time = object.instant("return_time");
  detail.delete_time = object.instant("delete_time");
  return detail;
}

}  // namespace

void decode_coupon(const JsonReader& entry, Coupon& coupon) {
  coupon.coupon_state = entry.text("coupon_state");
  coupon.valid_begin_time = entry.instant("valid_begin_time");
  coupon.valid_end_time = entry.instant("valid_end_time");
  coupon.receive_time = entry.instant("receive_time");
  coupon.send_request_no = entry.text("send_request_no");
  coupon.send_channel = entry.text("send_channel");
  coupon.confirm_request_no = entry.text("confirm_request_no");
  coupon.confirm_time = entry.instant("confirm_time");
  coupon.deactivate_request_no = entry.text("deactivate_request_no");
  coupon.deactivate_time = entry.instant("deactivate_time");
  coupon.deactivate_reason = entry.text("deactivate_reason");
  coupon.brand_id = entry.text("brand_id");
  coupon.attach = entry.text("attach");
  coupon.channel_custom_info = entry.text("channel_custom_info");

  const JsonReader bundle = entry.object("user_product_coupon_bundle_info");
  coupon.user_coupon_bundle_id = bundle.text("user_coupon_bundle_id");
  coupon.user_coupon_bundle_index = bundle.integer("user_coupon_bundle_index");
  const JsonReader tags = entry.object("coupon_tag_info");
  coupon.coupon_tag_list = tags.list_text("coupon_tag_list");
  coupon.member_card_id = tags.object("member_tag_info").text("member_card_id");

  const JsonReader single = entry.object("single_usage_detail");
  const JsonReader sequential = entry.object("sequential_usage_detail");
  const JsonReader progressive = entry.object("progressive_bundle_usage_detail");
  coupon.usage_total_count = sequential.integer("total_count");
  coupon.usage_used_count = sequential.integer("used_count");
  if (!coupon.usage_total_count) coupon.usage_total_count = bundle.integer("total_count");
  if (!coupon.usage_used_count) coupon.usage_used_count = bundle.integer("used_count");

  if (single.present()) coupon.usage_details.push_back(decode_usage(single, UsageMode::single, 0));
  std::int64_t index = 0;
  for (const JsonReader& item : sequential.objects("detail_item_list"))
    coupon.usage_details.push_back(decode_usage(item, UsageMode::sequential, index++));
  if (progressive.present())
    coupon.usage_details.push_back(decode_usage(progressive, UsageMode::progressive_bundle, 0));
}

}  // namespace couponsync
