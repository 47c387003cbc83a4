#include "api/canonical_json.h"
#include "api/entry_decoders.h"

#include <utility>

namespace couponsync {
namespace {

void decode_usage_infos(const ReplyObject& object, ProductCoupon& product) {
  const ReplyObject single = object.object("single_usage_info");
  const ReplyObject normal = single.object("normal_coupon");
  product.single_usage_normal_coupon_threshold = normal.integer("threshold");
  product.single_usage_normal_coupon_discount_amount = normal.integer("discount_amount");
  const ReplyObject discount = single.object("discount_coupon");
  product.single_usage_discount_coupon_threshold = discount.integer("threshold");
  product.single_usage_discount_coupon_percent_off = discount.integer("percent_off");
  const ReplyObject sequential = object.object("sequential_usage_info");
  product.sequential_usage_type = sequential.text("type");
  product.sequential_usage_count = sequential.integer("count");
  product.sequential_usage_available_days = sequential.integer("available_days");
  product.sequential_usage_interval_days = sequential.integer("interval_days");
  const ReplyObject bundle = object.object("progressive_bundle_usage_info");
  product.progressive_bundle_usage_count = bundle.integer("count");
  product.progressive_bundle_usage_interval_days = bundle.integer("interval_days");
}

ComboChoice decode_choice(const ReplyObject& object) {
  ComboChoice choice;
  choice.name = object.text("name");
  choice.price = object.integer("price");
  choice.count = object.integer("count");
  choice.image_url = object.text("image_url");
  choice.mini_program_appid = object.text("mini_program_appid");
  choice.mini_program_path = object.text("mini_program_path");
  return choice;
}

void decode_package(const ReplyObject& package, std::int64_t package_index, ProductCoupon& product) {
  const Text package_name = package.text("name");
  const Integer pick_count = package.integer("pick_count");
  package.for_each_object("choice_list", [&](std::int64_t choice_index, const ReplyObject& object) {
    ComboChoice choice = decode_choice(object);
    choice.package_index = package_index;
    choice.choice_index = choice_index;
    choice.package_name = package_name;
    choice.pick_count = pick_count;
    product.combo_choices.push_back(std::move(choice));
  });
}

void decode_display(const ReplyObject& display, ProductCoupon& product) {
  product.name = display.text("name");
  product.image_url = display.text("image_url");
  product.background_url = display.text("background_url");
  product.detail_image_url_list = display.scalar_list("detail_image_url_list");
  product.original_price = display.integer("original_price");
  display.for_each_object("combo_package_list", [&](std::int64_t index, const ReplyObject& package) {
    decode_package(package, index, product);
  });
}

}  // namespace

std::optional<ProductCoupon> decode_product(const ReplyObject& object, std::string_view raw) {
  if (!object.present()) return std::nullopt;
  Text product_coupon_id = object.identity("product_coupon_id");
  if (!product_coupon_id) return std::nullopt;
  ProductCoupon product;
  product.product_coupon_id = std::move(*product_coupon_id);
  product.scope = object.text("scope");
  product.type = object.text("type");
  product.usage_mode = object.text("usage_mode");
  decode_usage_infos(object, product);
  decode_display(object.object("display_info"), product);
  product.out_product_no = object.text("out_product_no");
  product.state = object.text("state");
  product.deactivate_request_no = object.text("deactivate_request_no");
  product.deactivate_time = object.instant("deactivate_time");
  product.deactivate_reason = object.text("deactivate_reason");
  product.brand_id = object.text("brand_id");
  product.raw_json = raw;
  CanonicalForm form;
  form.add(*object.dom());
  product.content_hash = form.digest();
  return product;
}

}  // namespace couponsync
