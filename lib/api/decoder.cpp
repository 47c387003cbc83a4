#include "api/decoder.h"

#include "api/entry_decoders.h"
#include "api/raw_slices.h"

#include <boost/json/monotonic_resource.hpp>

#include <deque>
#include <unordered_map>
#include <utility>
#include <vector>

namespace couponsync {
namespace {

namespace json = boost::json;

/// Objects that ride along in every entry: decoded once for the same bytes, kept once for the same identity,
/// as last seen.
template <class T>
class Repeated {
 public:
  /// The object with these bytes, if it was decoded before; it now counts as last seen.
  const T* seen_again(std::string_view raw) {
    const auto found = by_bytes_.find(raw);
    if (found == by_bytes_.end()) return nullptr;
    last_seen_[found->second.place] = found->second.object;
    return found->second.object;
  }

  /// `raw` must outlive this.
  const T* add(std::string_view raw, const std::string& identity, T object) {
    const T* stored = &objects_.emplace_back(std::move(object));
    const auto [place, is_new] = places_.try_emplace(identity, last_seen_.size());
    if (is_new) last_seen_.push_back(nullptr);
    last_seen_[place->second] = stored;
    by_bytes_.emplace(raw, Decoded{place->second, stored});
    return stored;
  }

  std::vector<T> last_seen() const {
    std::vector<T> objects;
    objects.reserve(last_seen_.size());
    for (const T* object : last_seen_) objects.push_back(*object);
    return objects;
  }

 private:
  struct Decoded {
    std::size_t place;
    const T* object;
  };
  std::deque<T> objects_;
  std::unordered_map<std::string_view, Decoded> by_bytes_;
  std::unordered_map<std::string, std::size_t> places_;
  std::vector<const T*> last_seen_;
};

class PageDecoder {
 public:
  PageDecoder(std::string_view body, const json::object& top)
      : body_(body), top_(&top, {}, &page_.oddities) {}

  Result<Page> decode() {
    Result<> outcome = decode_checkpoint();
    if (outcome) outcome = decode_entries();
    if (!outcome) return outcome.error();
    page_.stocks = stocks_.last_seen();
    page_.products = products_.last_seen();
    return std::move(page_);
  }

 private:
  Result<> decode_checkpoint() {
    if (const json::value* token = top_.find("next_page_token")) {
      if (!token->is_string()) return undecodable({top_.path(), "next_page_token"}, "a string", token);
      if (!token->get_string().empty()) page_.next_page_token = std::string(view_of(token->get_string()));
    }
    if (const json::value* count = top_.find("total_count")) {
      page_.total_count = whole_number(*count);
      if (page_.total_count.value_or(-1) < 0)
        return undecodable({top_.path(), "total_count"}, "a whole number from 0", count);
    }
    return {};
  }

  Result<> decode_entries() {
    const json::value* list = top_.find("user_coupon_list");
    if (list == nullptr) return {};
    const JsonPath list_path(top_.path(), "user_coupon_list");
    if (!list->is_array()) return undecodable(list_path, "an array", list);
    const json::array& entries = list->get_array();
    slices_ = slice_entries(body_);
    page_.coupons.reserve(entries.size());
    for (std::size_t index = 0; index < entries.size(); ++index) {
      const JsonPath path(list_path, index);
      if (!entries[index].is_object()) return undecodable(path, "an object", &entries[index]);
      const ObjectReader entry(&entries[index].get_object(), path, &page_.oddities);
      Result<> outcome = decode_entry(entry, slices_.at(index));
      if (!outcome) return outcome;
    }
    return {};
  }

  Result<> decode_entry(const ObjectReader& entry, EntrySlices& slices) {
    const Result<const Stock*> stock = stock_of(entry, slices.stock);
    if (!stock) return stock.error();
    const ProductCoupon* product = product_of(entry, slices.product_coupon);
    EntryTies ties{(*stock)->stock_id, (*stock)->product_coupon_id};
    if (product != nullptr) ties.product_coupon_id = product->product_coupon_id;
    Result<Coupon> coupon = decode_coupon(entry, std::move(ties), std::move(slices.rest));
    if (!coupon) return coupon.error();
    page_.coupons.push_back(std::move(*coupon));
    return {};
  }

  Result<const Stock*> stock_of(const ObjectReader& entry, std::string_view raw) {
    if (const Stock* known = stocks_.seen_again(raw)) return known;
    const json::value* value = entry.find("stock");
    if (value == nullptr || !value->is_object())
      return undecodable({entry.path(), "stock"}, "an object", value);
    Result<Stock> stock = decode_stock(entry.object("stock"), raw);
    if (!stock) return stock.error();
    const std::string stock_id = stock->stock_id;
    return stocks_.add(raw, stock_id, std::move(*stock));
  }

  /// nullptr if the entry has no product that can be named.
  const ProductCoupon* product_of(const ObjectReader& entry, std::string_view raw) {
    if (const ProductCoupon* known = products_.seen_again(raw)) return known;
    std::optional<ProductCoupon> product = decode_product(entry.object("product_coupon"), raw);
    if (!product) return nullptr;
    const std::string product_coupon_id = product->product_coupon_id;
    return products_.add(raw, product_coupon_id, std::move(*product));
  }

  std::string_view body_;
  Page page_;
  ObjectReader top_;
  std::vector<EntrySlices> slices_;
  Repeated<Stock> stocks_;
  Repeated<ProductCoupon> products_;
};

}  // namespace

Result<std::string> required_text(const ObjectReader& object, std::string_view member) {
  const json::value* value = object.find(member);
  if (value == nullptr || !value->is_string() || value->get_string().empty())
    return undecodable({object.path(), member}, "a string that is not empty", value);
  return std::string(view_of(value->get_string()));
}

Result<Page> decode_page(std::string_view body) {
  json::monotonic_resource memory(2 * body.size() + 1);
  const Result<json::value> document = parse_json(body, &memory);
  if (!document) return document.error();
  if (!document->is_object()) return undecodable({}, "an object", &*document);
  return PageDecoder(body, document->get_object()).decode();
}

}  // namespace couponsync
