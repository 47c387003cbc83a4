#include "api/decoder.h"

#include "api/entry_decoders.h"
#include "api/json_document.h"
#include "api/raw_slices.h"

#include <boost/json/monotonic_resource.hpp>

#include <algorithm>
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

/// Error replies say a code; a listing says none.
constexpr std::string_view kErrorMember = "code";

Failure not_a_listing(std::string detail) {
  return {.kind = FailureKind::not_a_listing, .detail = std::move(detail)};
}

/// Whether an object says nothing at all, not even something this library does not know. A token that came
/// empty says nothing.
bool says_nothing(const json::object& object) {
  return std::ranges::all_of(object, [](const auto& member) {
    return member.value().is_null() || member.key() == "next_page_token";
  });
}

/// What does not, such as an empty body or somebody's HTML, was never meant as a listing.
bool begins_as_an_object(std::string_view body) {
  const std::size_t begin = body.find_first_not_of(" \t\r\n");
  return begin != std::string_view::npos && body[begin] == '{';
}

class PageDecoder {
 public:
  PageDecoder(const JsonDocument& document, const json::object& top)
      : document_(document), oddities_(document.oddities()), top_(&top, {}, &oddities_) {}

  Result<Page> decode(bool had_page_token) {
    Result<> outcome = decode_checkpoint();
    if (outcome) outcome = find_entries();
    if (outcome) outcome = expect_a_listing(had_page_token);
    if (!outcome) return outcome.error();
    decode_entries();
    page_.stocks = stocks_.last_seen();
    page_.products = products_.last_seen();
    page_.oddities = oddities_.texts();
    return std::move(page_);
  }

 private:
  /// A token that cannot be sent back is no end: a listing that ended there would lack the rest.
  Result<> decode_checkpoint() {
    const json::value* token = top_.find("next_page_token");
    if (token != nullptr && (!token->is_string() || top_.is_broken("next_page_token")))
      return not_a_listing(mismatch({top_.path(), "next_page_token"}, "a string that is not broken", token));
    if (token != nullptr && !token->get_string().empty())
      page_.next_page_token = std::string(view_of(token->get_string()));
    const json::value* count = top_.find("total_count");
    if (count != nullptr) page_.total_count = whole_number(*count);
    if (count != nullptr && page_.total_count.value_or(-1) < 0) {
      oddities_.note_mismatch({top_.path(), "total_count"}, "a whole number from 0", count);
      page_.total_count.reset();
    }
    return {};
  }

  Result<> find_entries() {
    const json::value* list = top_.find("user_coupon_list");
    if (list != nullptr && !list->is_array())
      return not_a_listing(mismatch({top_.path(), "user_coupon_list"}, "an array", list));
    if (list != nullptr) entries_ = &list->get_array();
    return {};
  }

  /// Zero coupons are believed only of a body that speaks of coupons. The API tells a first page's total; a
  /// later page may be left with nothing to say, and then the coupons before it must add up to that total.
  Result<> expect_a_listing(bool had_page_token) const {
    const bool has_entries = entries_ != nullptr && !entries_->empty();
    if (!has_entries && top_.find(kErrorMember) != nullptr)
      return not_a_listing("the body has no entries, but an error's code");
    if (entries_ != nullptr || page_.total_count || page_.next_page_token) return {};
    if (had_page_token && says_nothing(*top_.dom())) return {};
    return not_a_listing("the body has neither user_coupon_list nor total_count nor next_page_token");
  }

  void decode_entries() {
    if (entries_ == nullptr) return;
    const JsonPath list_path(top_.path(), "user_coupon_list");
    std::vector<EntrySlices> slices = slice_entries(document_.text());
    page_.coupons.reserve(entries_->size());
    for (std::size_t index = 0; index < entries_->size(); ++index) {
      const JsonPath path(list_path, index);
      if (decode_entry((*entries_)[index], path, slices.at(index))) continue;
      ++page_.refused_entries;
      oddities_.note(path, "it does not say which coupon it is, and is not stored");
    }
  }

  /// Whether it says which coupon it is. Its stock and product are kept in any case.
  bool decode_entry(const json::value& value, const JsonPath& path, EntrySlices& slices) {
    if (!value.is_object()) {
      oddities_.note_mismatch(path, "an object", &value);
      return false;
    }
    const ReplyObject entry(&value.get_object(), path, &oddities_);
    const Stock* stock = stock_of(entry, slices.stock);
    const ProductCoupon* product = product_of(entry, slices.product_coupon);
    Text coupon_code = entry.identity("coupon_code");
    if (stock == nullptr || !coupon_code) return false;
    CouponTies ties{stock->stock_id, CouponCode(std::move(*coupon_code)), stock->product_coupon_id};
    if (product != nullptr)
      ties.product_coupon_id = product->product_coupon_id;
    else if (const Text broken_id = broken_product_id(entry))
      ties.product_coupon_id = broken_id;
    page_.coupons.push_back(decode_coupon(entry, std::move(ties), std::move(slices.rest)));
    return true;
  }

  /// nullptr if the entry has no stock that can be named.
  const Stock* stock_of(const ReplyObject& entry, std::string_view raw) {
    if (const Stock* known = stocks_.seen_again(raw)) return known;
    if (entry.find("stock") == nullptr)
      oddities_.note_mismatch({entry.path(), "stock"}, "an object", nullptr);
    std::optional<Stock> stock = decode_stock(entry.object("stock"), raw);
    if (!stock) return nullptr;
    const std::string stock_id = stock->stock_id;
    return stocks_.add(raw, stock_id, std::move(*stock));
  }

  /// nullptr if the entry has no product that can be named.
  const ProductCoupon* product_of(const ReplyObject& entry, std::string_view raw) {
    if (const ProductCoupon* known = products_.seen_again(raw)) return known;
    std::optional<ProductCoupon> product = decode_product(entry.object("product_coupon"), raw);
    if (!product) return nullptr;
    const std::string product_coupon_id = product->product_coupon_id;
    return products_.add(raw, product_coupon_id, std::move(*product));
  }

  /// The product's id with U+FFFD in it: not good enough for a row of its own, but no other product's either.
  Text broken_product_id(const ReplyObject& entry) const {
    const json::value* product = entry.find("product_coupon");
    const json::object* members = product == nullptr ? nullptr : product->if_object();
    const json::value* id = members == nullptr ? nullptr : members->if_contains("product_coupon_id");
    if (id == nullptr || !oddities_.is_broken(*id)) return std::nullopt;
    return std::string(view_of(id->get_string()));
  }

  const JsonDocument& document_;
  Oddities oddities_;
  Page page_;
  ReplyObject top_;
  const json::array* entries_ = nullptr;
  Repeated<Stock> stocks_;
  Repeated<ProductCoupon> products_;
};

}  // namespace

Result<Page> decode_page(std::string_view body, bool had_page_token) {
  json::monotonic_resource memory(2 * body.size() + 1);
  const Result<JsonDocument> document = JsonDocument::parse(body, &memory);
  if (!document && !begins_as_an_object(body)) return not_a_listing(document.error().detail);
  if (!document) return document.error();
  if (!document->top().is_object()) return not_a_listing(mismatch({}, "an object", &document->top()));
  return PageDecoder(*document, document->top().get_object()).decode(had_page_token);
}

}  // namespace couponsync
