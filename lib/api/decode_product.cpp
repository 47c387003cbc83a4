#include "api/decode_objects.h"

#include <utility>

namespace couponsync {
namespace {

void decode_usage_info(const JsonReader& object, ProductCoupon& product) {
  const JsonReader single = object.object("single_usage_info");
  const JsonReader normal = single.object("normal_coupon");
  product.single_usage_normal_coupon_threshold = normal.integer("threshold");
  product.single_usage_normal_coupon_discount_amount = normal.integer("discount_amount");
  const JsonReader discount = single.object("discount_coupon");
  product.single_usage_discount_coupon_threshold = discount.integer("threshold");
  product.single_usage_discount_coupon_percent_off = discount.integer("percent_off");
  const JsonReader sequential = object.object("sequential_usage_info");
  product.sequential_usage_type = sequential.text("type");
  product.sequential_usage_count = sequential.integer("count");
  product.sequential_usage_available_days = sequential.integer("available_days");
  product.sequential_usage_interval_days = sequential.integer("interval_days");
  const JsonReader progressive = object.object("progressive_bundle_usage_info");
  product.progressive_bundle_usage_count = progressive.integer("count");
  product.progressive_bundle_usage_interval_days = progressive.integer("interval_days");
}

void decode_combo_packages(const JsonReader& display, ProductCoupon& product) {
  std::int64_t package_index = 0;
  for (const JsonReader& package : display.objects("combo_package_list")) {
    std::int64_t choice_index = 0;
    for (const JsonReader& object : package.objects("choice_list")) {
      ComboChoice choice;
      choice.package_index = package_index;
      choice.choice_index = choice_index++;
      choice.package_name = package.text("name");
      choice.pick_count = package.integer("pick_count");
      choice.name = object.text("name");
      choice.price = object.integer("price");
      choice.count = object.integer("count");
      choice.image_url = object.text("image_url");
      choice.mini_program_appid = object.text("mini_program_appid");
      choice.mini_program_path = object.text("mini_program_path");
      product.combo_choices.push_back(std::move(choice));
    }
    ++package_index;
  }
}

}  // namespace

void decode_product(const JsonReader& object, ProductCoupon& product) {
  product.scope = object.text("scope");
  product.type = object.text("type");
  product.usage_mode = object.text("usage_mode");
  product.out_product_no = object.text("out_product_no");
  product.state = object.text("state");
  product.deactivate_request_no = object.text("deactivate_request_no");
  product.deactivate_time = object.instant("deactivate_time");
  product.deactivate_reason = object.text("deactivate_reason");
  const JsonReader display = object.object("display_info");
  product.name = display.text("name");
  product.image_url = display.text("image_url");
  product.background_url = display.text("background_url");
  product.detail_image_url_list = display.list_text("detail_image_url_list");
  product.original_price = display.integer("original_price");
  decode_usage_info(object, product);
  decode_combo_packages(display, product);
}

}  // namespace couponsync
