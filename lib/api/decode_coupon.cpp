#include "api/canonical_json.h"
#include "api/entry_decoders.h"

#include <utility>

namespace couponsync {
namespace {

/// The members common to single_usage_detail, progressive_bundle_usage_detail and the items of
/// sequential_usage_detail.
UsageDetail decode_usage(const ReplyObject& usage, UsageMode mode, std::int64_t index) {
  UsageDetail detail;
  detail.usage_mode = mode;
  detail.item_index = index;
  detail.detail_state = usage.text("detail_state");
  detail.valid_begin_time = usage.instant("valid_begin_time");
  detail.valid_end_time = usage.instant("valid_end_time");
  detail.use_request_no = usage.text("use_request_no");
  detail.use_time = usage.instant("use_time");
  const ReplyObject order = usage.object("associated_order_info");
  detail.transaction_id = order.text("transaction_id");
  detail.out_trade_no = order.text("out_trade_no");
  detail.mchid = order.text("mchid");
  detail.sub_mchid = order.text("sub_mchid");
  const ReplyObject pay_score = usage.object("associated_pay_score_order_info");
  detail.pay_score_order_id = pay_score.text("order_id");
  detail.pay_score_out_order_no = pay_score.text("out_order_no");
  if (!detail.mchid) detail.mchid = pay_score.text("mchid");
  if (!detail.sub_mchid) detail.sub_mchid = pay_score.text("sub_mchid");
  detail.return_request_no = usage.text("return_request_no");
  detail.return_time = usage.instant("return_time");
  detail.delete_time = usage.instant("delete_time");
  return detail;
}

void decode_usages(const ReplyObject& entry, Coupon& coupon) {
  const ReplyObject single = entry.object("single_usage_detail");
  if (single.present()) coupon.usage_details.push_back(decode_usage(single, UsageMode::single, 0));
  const ReplyObject sequential = entry.object("sequential_usage_detail");
  coupon.usage_total_count = sequential.integer("total_count");
  coupon.usage_used_count = sequential.integer("used_count");
  sequential.for_each_object("detail_item_list", [&](std::int64_t index, const ReplyObject& round) {
    coupon.usage_details.push_back(decode_usage(round, UsageMode::sequential, index));
  });
  const ReplyObject bundle_usage = entry.object("progressive_bundle_usage_detail");
  if (bundle_usage.present())
    coupon.usage_details.push_back(decode_usage(bundle_usage, UsageMode::progressive_bundle, 0));
}

/// The edition of 2025-11: rounds are entries of their own, tied by a bundle.
void decode_bundle(const ReplyObject& entry, Coupon& coupon) {
  const ReplyObject bundle = entry.object("user_product_coupon_bundle_info");
  coupon.user_coupon_bundle_id = bundle.text("user_coupon_bundle_id");
  coupon.user_coupon_bundle_index = bundle.integer("user_coupon_bundle_index");
  if (!coupon.usage_total_count) coupon.usage_total_count = bundle.integer("total_count");
  if (!coupon.usage_used_count) coupon.usage_used_count = bundle.integer("used_count");
}

void decode_tags(const ReplyObject& entry, Coupon& coupon) {
  const ReplyObject tags = entry.object("coupon_tag_info");
  coupon.coupon_tag_list = tags.scalar_list("coupon_tag_list");
  coupon.member_card_id = tags.object("member_tag_info").text("member_card_id");
}

void decode_deactivation(const ReplyObject& entry, Coupon& coupon) {
  coupon.deactivate_request_no = entry.text("deactivate_request_no");
  coupon.deactivate_time = entry.instant("deactivate_time");
  coupon.deactivate_reason = entry.text("deactivate_reason");
}

/// The stock and the product change without the coupon changing: only their ids count.
Digest content_hash(const ReplyObject& entry, const Coupon& coupon) {
  CanonicalForm form;
  form.add(*entry.dom(), {"product_coupon", "stock"});
  form.add(coupon.stock_id);
  if (coupon.product_coupon_id)
    form.add(*coupon.product_coupon_id);
  else
    form.add_absent();
  return form.digest();
}

}  // namespace

Coupon decode_coupon(const ReplyObject& entry, CouponTies ties, std::string raw) {
  Coupon coupon;
  coupon.stock_id = std::move(ties.stock_id);
  coupon.coupon_code = std::move(ties.coupon_code);
  coupon.product_coupon_id = std::move(ties.product_coupon_id);
  coupon.coupon_state = entry.text("coupon_state");
  coupon.valid_begin_time = entry.instant("valid_begin_time");
  coupon.valid_end_time = entry.instant("valid_end_time");
  coupon.receive_time = entry.instant("receive_time");
  coupon.send_request_no = entry.text("send_request_no");
  coupon.send_channel = entry.text("send_channel");
  coupon.confirm_request_no = entry.text("confirm_request_no");
  coupon.confirm_time = entry.instant("confirm_time");
  decode_deactivation(entry, coupon);
  decode_usages(entry, coupon);
  decode_bundle(entry, coupon);
  decode_tags(entry, coupon);
  coupon.brand_id = entry.text("brand_id");
  coupon.attach = entry.text("attach");
  coupon.channel_custom_info = entry.text("channel_custom_info");
  coupon.raw_json = std::move(raw);
  coupon.content_hash = content_hash(entry, coupon);
  return coupon;
}

}  // namespace couponsync
