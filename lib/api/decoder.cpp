#include "api/decoder.h"

#include "api/content_hash.h"
#include "api/decode_objects.h"
#include "api/json_reader.h"
#include "api/raw_json.h"

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parse.hpp>

#include <algorithm>
#include <array>
#include <optional>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <utility>

namespace couponsync {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxDepth = 64;
/// What repeats in every entry and has tables of its own.
constexpr std::array<std::string_view, 2> kOwnTables{"product_coupon", "stock"};

/// The page is no use: `what` is a path and types, never a value.
class Undecodable : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

const char* type_of(const json::value* value) {
  if (value == nullptr) return "nothing";
  switch (value->kind()) {
    case json::kind::null:
      return "null";
    case json::kind::bool_:
      return "a boolean";
    case json::kind::int64:
    case json::kind::uint64:
    case json::kind::double_:
      return "a number";
    case json::kind::string:
      return "a string";
    case json::kind::array:
      return "a list";
    case json::kind::object:
      return "an object";
  }
  return "something else";
}

[[noreturn]] void refuse(const std::string& path, const char* expected, const json::value* found) {
  throw Undecodable(path + ": expected " + expected + ", found " + type_of(found));
}

const json::value* find(const json::object& object, std::string_view name) {
  return object.if_contains({name.data(), name.size()});
}

std::string identity(const json::object& object, std::string_view name, const std::string& path) {
  const json::value* value = find(object, name);
  if (value == nullptr || !value->is_string() || value->get_string().empty())
    refuse(path + "." + std::string(name), "a string that is not empty", value);
  return {value->get_string().data(), value->get_string().size()};
}

/// Reads one page; used once.
class PageDecoder {
 public:
  Page decode(std::string_view body);

 private:
  void decode_list(const json::array& list, std::string_view raw_list);
  void decode_entry(const json::object& entry, std::string_view raw_entry, const std::string& path);
  void add_stock(const json::object& object, std::string_view raw, const std::string& path);
  Text add_product(const json::object& entry, std::string_view raw, const std::string& path);
  void read_end(const json::object& top);

  Page page_;
  /// By their text: most entries of a page share a stock and a product.
  std::unordered_map<std::string_view, std::size_t> stocks_;
  std::unordered_map<std::string_view, std::size_t> products_;
};

Page PageDecoder::decode(std::string_view body) {
  json::monotonic_resource memory;
  json::parse_options options;
  options.max_depth = kMaxDepth;
  boost::system::error_code error;
  const json::value root = json::parse({body.data(), body.size()}, error, &memory, options);
  if (error) throw Undecodable("the body is not JSON: " + error.message());
  if (!root.is_object()) refuse("$", "an object", &root);
  const json::object& top = root.get_object();
  const json::value* list = find(top, "user_coupon_list");
  if (list != nullptr && !list->is_null()) {
    if (!list->is_array()) refuse("user_coupon_list", "a list", list);
    decode_list(list->get_array(), raw_value(raw_members(body), "user_coupon_list"));
  }
  read_end(top);
  return std::move(page_);
}

void PageDecoder::read_end(const json::object& top) {
  const json::value* total = find(top, "total_count");
  if (total != nullptr && !total->is_null()) {
    const JsonReader reader(&top, "$", page_.oddities);
    page_.total_count = reader.integer("total_count");
    if (!page_.total_count || *page_.total_count < 0) refuse("total_count", "a whole number from 0", total);
  }
  const json::value* token = find(top, "next_page_token");
  if (token == nullptr || token->is_null()) return;
  if (!token->is_string()) refuse("next_page_token", "a string", token);
  if (!token->get_string().empty())
    page_.next_page_token.emplace(token->get_string().data(), token->get_string().size());
}

void PageDecoder::decode_list(const json::array& list, std::string_view raw_list) {
  const std::vector<std::string_view> raw = raw_items(raw_list);
  page_.coupons.reserve(list.size());
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string path = "user_coupon_list[" + std::to_string(i) + "]";
    if (!list[i].is_object()) refuse(path, "an object", &list[i]);
    decode_entry(list[i].get_object(), raw.at(i), path);
  }
}

void PageDecoder::decode_entry(const json::object& entry, std::string_view raw_entry,
                               const std::string& path) {
  const std::vector<RawMember> raw = raw_members(raw_entry);
  const json::value* stock = find(entry, "stock");
  if (stock == nullptr || !stock->is_object()) refuse(path + ".stock", "an object", stock);

  Coupon coupon;
  coupon.coupon_code = CouponCode(identity(entry, "coupon_code", path));
  coupon.stock_id = identity(stock->get_object(), "stock_id", path + ".stock");
  add_stock(stock->get_object(), raw_value(raw, "stock"), path + ".stock");
  coupon.product_coupon_id = add_product(entry, raw_value(raw, "product_coupon"), path);
  if (!coupon.product_coupon_id)
    coupon.product_coupon_id = page_.stocks[stocks_.at(raw_value(raw, "stock"))].product_coupon_id;
  decode_coupon(JsonReader(&entry, path, page_.oddities), coupon);
  coupon.raw_json = without(raw, kOwnTables);
  coupon.content_hash = content_hash(entry, kOwnTables, coupon.product_coupon_id.value_or(""));
  page_.coupons.push_back(std::move(coupon));
}

void PageDecoder::add_stock(const json::object& object, std::string_view raw, const std::string& path) {
  if (stocks_.contains(raw)) return;
  Stock stock;
  stock.stock_id = identity(object, "stock_id", path);
  decode_stock(JsonReader(&object, path, page_.oddities), stock);
  stock.raw_json = raw;
  stock.content_hash = content_hash(object);
  // Another text for the same stock: its counters have moved on meanwhile, and the later one is the truth.
  const auto known = std::ranges::find(page_.stocks, stock.stock_id, &Stock::stock_id);
  stocks_[raw] = static_cast<std::size_t>(known - page_.stocks.begin());
  if (known == page_.stocks.end())
    page_.stocks.push_back(std::move(stock));
  else
    *known = std::move(stock);
}

Text PageDecoder::add_product(const json::object& entry, std::string_view raw, const std::string& path) {
  const JsonReader reader(&entry, path, page_.oddities);
  const auto known_text = products_.find(raw);
  if (!raw.empty() && known_text != products_.end())
    return page_.products[known_text->second].product_coupon_id;
  const JsonReader object = reader.object("product_coupon");
  if (!object.present()) return std::nullopt;
  const Text id = object.text("product_coupon_id");
  if (!id || id->empty()) {
    page_.oddities.push_back(object.path() + ".product_coupon_id");
    return std::nullopt;
  }
  ProductCoupon product;
  product.product_coupon_id = *id;
  decode_product(object, product);
  product.raw_json = raw;
  product.content_hash = content_hash(find(entry, "product_coupon")->get_object());
  const auto known =
      std::ranges::find(page_.products, product.product_coupon_id, &ProductCoupon::product_coupon_id);
  products_[raw] = static_cast<std::size_t>(known - page_.products.begin());
  if (known == page_.products.end())
    page_.products.push_back(std::move(product));
  else
    *known = std::move(product);
  return id;
}

}  // namespace

Result<Page> decode_page(std::string_view body) {
  try {
    return PageDecoder().decode(body);
  } catch (const Undecodable& error) {
    Failure failure;
    failure.kind = FailureKind::undecodable;
    failure.detail = error.what();
    return failure;
  }
}

}  // namespace couponsync
