// Bytes as the body of a verified page, to plain records; and each record's own bytes back again.
#include "api/decoder.h"
#include "fuzz/fuzz.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <sqlite3.h>

#include <algorithm>
#include <memory>

namespace couponsync::fuzz {
namespace {

namespace json = boost::json;

/// As the mirror's readers see it.
bool is_json_to_sqlite(const std::string& text) {
  static const auto database = [] {
    sqlite3* opened = nullptr;
    require(sqlite3_open(":memory:", &opened) == SQLITE_OK, "SQLite opens");
    return std::unique_ptr<sqlite3, decltype(&sqlite3_close)>(opened, &sqlite3_close);
  }();
  sqlite3_stmt* statement = nullptr;
  require(sqlite3_prepare_v2(database.get(), "SELECT json_valid(?1)", -1, &statement, nullptr) == SQLITE_OK,
          "SQLite has JSON");
  sqlite3_bind_text(statement, 1, text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
  const bool valid = sqlite3_step(statement) == SQLITE_ROW && sqlite3_column_int(statement, 0) == 1;
  sqlite3_finalize(statement);
  return valid;
}

bool is_list_or_absent(const Text& text) { return !text || is_json_to_sqlite(*text); }

void check_failure(const Failure& failure) {
  require(failure.kind == FailureKind::undecodable || failure.kind == FailureKind::not_a_listing,
          "a body is decoded, undecodable or no listing");
  require(!failure.detail.empty() && is_one_line(failure.detail), "a failure says why, in one line");
}

void check_coupon(const Coupon& coupon) {
  require(is_json_to_sqlite(coupon.raw_json), "a coupon's raw_json is JSON");
  require(is_clean_utf8(coupon.raw_json), "a coupon's raw_json is UTF-8");
  const std::string& code = coupon.coupon_code.reveal();
  require(!code.empty() && is_clean_utf8(code), "a coupon has a code that names it");
  require(!coupon.stock_id.empty() && is_clean_utf8(coupon.stock_id),
          "a coupon has a stock that can be named");
  require(is_list_or_absent(coupon.coupon_tag_list), "coupon_tag_list is a JSON list");
  for (const Text* text : {&coupon.coupon_state, &coupon.attach, &coupon.brand_id, &coupon.product_coupon_id})
    require(is_clean_utf8(text->value_or("")), "a coupon's texts are UTF-8 without NUL");
}

void check_page(const Page& page) {
  for (const Coupon& coupon : page.coupons) {
    check_coupon(coupon);
    require(std::ranges::find(page.stocks, coupon.stock_id, &Stock::stock_id) != page.stocks.end(),
            "a coupon's stock is on its page");
  }
  for (const Stock& stock : page.stocks) {
    require(is_json_to_sqlite(stock.raw_json), "a stock's raw_json is JSON");
    require(is_list_or_absent(stock.coupon_usage_method_list), "coupon_usage_method_list is a JSON list");
    for (const StockPeriod& period : stock.periods)
      require(is_list_or_absent(period.day_list), "day_list is a JSON list");
  }
  for (const ProductCoupon& product : page.products) {
    require(is_json_to_sqlite(product.raw_json), "a product's raw_json is JSON");
    require(is_list_or_absent(product.detail_image_url_list), "detail_image_url_list is a JSON list");
  }
  require(!page.next_page_token || !page.next_page_token->empty(), "an empty token is none");
  require(page.total_count.value_or(0) >= 0, "a total is not negative");
  for (const std::string& oddity : page.oddities) require(is_one_line(oddity), "an oddity is one line");
}

/// Of a page that needed no mending: each entry without its stock and product.
void check_raw_values(const Page& page, std::string_view body) {
  boost::system::error_code error;
  json::parse_options options;
  options.max_depth = 128;
  const json::value top = json::parse(body, error, {}, options);
  if (error || page.refused_entries > 0 || page.coupons.empty()) return;
  const json::array& entries = top.at("user_coupon_list").get_array();
  require(entries.size() == page.coupons.size(), "each entry is a coupon or refused");
  for (std::size_t i = 0; i < entries.size(); ++i) {
    json::object rest = entries[i].get_object();
    rest.stable_erase("stock");
    rest.stable_erase("product_coupon");
    const json::value raw = json::parse(page.coupons[i].raw_json, error, {}, options);
    // As text: what Boost.JSON makes of 0e999 is no number, and does not equal itself.
    if (!error)
      require(json::serialize(raw) == json::serialize(rest),
              "raw_json is the entry without its stock and product");
  }
}

/// The page that has this coupon alone, made of what the mirror keeps.
std::string rebuilt(const Page& page) {
  std::string entry = page.coupons.front().raw_json;
  entry.pop_back();
  if (entry.find_first_not_of(" \t\r\n{") != std::string::npos) entry += ',';
  entry += "\"stock\":" + page.stocks.front().raw_json;
  if (!page.products.empty()) entry += ",\"product_coupon\":" + page.products.front().raw_json;
  return "{\"user_coupon_list\":[" + entry + "}]}";
}

bool has_oddity(const Page& page, std::string_view what) {
  return std::ranges::any_of(
      page.oddities, [what](const std::string& oddity) { return oddity.find(what) != std::string::npos; });
}

/// Of one coupon alone, whose product could be named: raw_json tells all that the records do.
void check_raw_is_all(const Page& page) {
  if (page.coupons.size() != 1 || page.stocks.size() != 1 || has_oddity(page, "nested too deep")) return;
  if (has_oddity(page, "product_coupon")) return;
  const Result<Page> again = decode_page(rebuilt(page));
  require(again && again->coupons.size() == 1, "what the mirror keeps of a coupon is decoded again");
  require(again->coupons[0].content_hash == page.coupons[0].content_hash, "raw_json is all of a coupon");
  require(again->coupons[0].raw_json == page.coupons[0].raw_json, "raw_json does not change");
  require(again->stocks.at(0).content_hash == page.stocks[0].content_hash, "raw_json is all of a stock");
}

void check_equal(const Page& one, const Page& other) {
  require(one.coupons.size() == other.coupons.size() && one.stocks.size() == other.stocks.size() &&
              one.products.size() == other.products.size() && one.oddities == other.oddities &&
              one.next_page_token == other.next_page_token && one.total_count == other.total_count &&
              one.refused_entries == other.refused_entries,
          "the same body is the same page");
  for (std::size_t i = 0; i < one.coupons.size(); ++i)
    require(one.coupons[i].content_hash == other.coupons[i].content_hash &&
                one.coupons[i].raw_json == other.coupons[i].raw_json &&
                one.coupons[i].valid_end_time == other.coupons[i].valid_end_time,
            "the same body has the same coupons");
}

void check(const std::string& body) {
  const TimeLimit limit(body.size());
  const Result<Page> page = decode_page(body);
  const Result<Page> later_page = decode_page(body, true);
  require(!page || later_page, "a later page may say less than a first one, not more");
  if (!later_page) return check_failure(later_page.error());
  check_page(*later_page);
  if (page) check_equal(*page, *later_page);
  check_raw_values(*later_page, body);
  check_raw_is_all(*later_page);
}

}  // namespace
}  // namespace couponsync::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace couponsync::fuzz;
  check(grown(text_of(data, size)));
  return 0;
}
