#include "e2e/expected_rows.h"

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>
#include <boost/json/serialize.hpp>

#include <ctime>
#include <regex>
#include <stdexcept>

namespace couponsync::test {
namespace {

namespace json = boost::json;

enum class Kind { text, number, time, list };

/// Where in the API's object a column comes from; the first place that has something counts.
struct Source {
  const char* column;
  Kind kind;
  std::vector<const char*> places;
};

const std::vector<Source> kCoupon{
    {"product_coupon_id", Kind::text, {"/product_coupon/product_coupon_id", "/stock/product_coupon_id"}},
    {"coupon_state", Kind::text, {"/coupon_state"}},
    {"valid_begin_time", Kind::time, {"/valid_begin_time"}},
    {"valid_end_time", Kind::time, {"/valid_end_time"}},
    {"receive_time", Kind::time, {"/receive_time"}},
    {"send_request_no", Kind::text, {"/send_request_no"}},
    {"send_channel", Kind::text, {"/send_channel"}},
    {"confirm_request_no", Kind::text, {"/confirm_request_no"}},
    {"confirm_time", Kind::time, {"/confirm_time"}},
    {"deactivate_request_no", Kind::text, {"/deactivate_request_no"}},
    {"deactivate_time", Kind::time, {"/deactivate_time"}},
    {"deactivate_reason", Kind::text, {"/deactivate_reason"}},
    {"usage_total_count",
     Kind::number,
     {"/sequential_usage_detail/total_count", "/user_product_coupon_bundle_info/total_count"}},
    {"usage_used_count",
     Kind::number,
     {"/sequential_usage_detail/used_count", "/user_product_coupon_bundle_info/used_count"}},
    {"user_coupon_bundle_id", Kind::text, {"/user_product_coupon_bundle_info/user_coupon_bundle_id"}},
    {"user_coupon_bundle_index", Kind::number, {"/user_product_coupon_bundle_info/user_coupon_bundle_index"}},
    {"member_card_id", Kind::text, {"/coupon_tag_info/member_tag_info/member_card_id"}},
    {"coupon_tag_list", Kind::list, {"/coupon_tag_info/coupon_tag_list"}},
    {"brand_id", Kind::text, {"/brand_id"}},
    {"attach", Kind::text, {"/attach"}},
    {"channel_custom_info", Kind::text, {"/channel_custom_info"}},
};

const std::vector<Source> kUsageDetail{
    {"detail_state", Kind::text, {"/detail_state"}},
    {"valid_begin_time", Kind::time, {"/valid_begin_time"}},
    {"valid_end_time", Kind::time, {"/valid_end_time"}},
    {"use_request_no", Kind::text, {"/use_request_no"}},
    {"use_time", Kind::time, {"/use_time"}},
    {"transaction_id", Kind::text, {"/associated_order_info/transaction_id"}},
    {"out_trade_no", Kind::text, {"/associated_order_info/out_trade_no"}},
    {"mchid", Kind::text, {"/associated_order_info/mchid", "/associated_pay_score_order_info/mchid"}},
    {"sub_mchid",
     Kind::text,
     {"/associated_order_info/sub_mchid", "/associated_pay_score_order_info/sub_mchid"}},
    {"pay_score_order_id", Kind::text, {"/associated_pay_score_order_info/order_id"}},
    {"pay_score_out_order_no", Kind::text, {"/associated_pay_score_order_info/out_order_no"}},
    {"return_request_no", Kind::text, {"/return_request_no"}},
    {"return_time", Kind::time, {"/return_time"}},
    {"delete_time", Kind::time, {"/delete_time"}},
};

const std::vector<Source> kStock{
    {"product_coupon_id", Kind::text, {"/product_coupon_id"}},
    {"remark", Kind::text, {"/remark"}},
    {"coupon_code_mode", Kind::text, {"/coupon_code_mode"}},
    {"max_count", Kind::number, {"/stock_send_rule/max_count"}},
    {"max_count_per_day", Kind::number, {"/stock_send_rule/max_count_per_day"}},
    {"max_count_per_user", Kind::number, {"/stock_send_rule/max_count_per_user"}},
    {"store_scope", Kind::text, {"/store_scope"}},
    {"notify_appid", Kind::text, {"/notify_config/notify_appid"}},
    {"stock_bundle_id", Kind::text, {"/stock_bundle_info/stock_bundle_id"}},
    {"stock_bundle_index", Kind::number, {"/stock_bundle_info/stock_bundle_index"}},
};

const std::vector<Source> kProduct{
    {"scope", Kind::text, {"/scope"}},
    {"type", Kind::text, {"/type"}},
    {"usage_mode", Kind::text, {"/usage_mode"}},
    {"out_product_no", Kind::text, {"/out_product_no"}},
    {"name", Kind::text, {"/display_info/name"}},
    {"image_url", Kind::text, {"/display_info/image_url"}},
    {"background_url", Kind::text, {"/display_info/background_url"}},
    {"original_price", Kind::number, {"/display_info/original_price"}},
};

const json::value* at(const json::value& root, const char* pointer) {
  boost::system::error_code error;
  const json::value* found = root.find_pointer(pointer, error);
  return found != nullptr && !found->is_null() ? found : nullptr;
}

std::string column_text(const json::value& value, Kind kind) {
  switch (kind) {
    case Kind::text:
      return std::string(value.as_string());
    case Kind::number:
      return std::to_string(value.to_number<std::int64_t>());
    case Kind::time:
      return std::to_string(instant(std::string(value.as_string())));
    case Kind::list:
      return json::serialize(value);
  }
  return "";
}

Row row_of(const json::value& object, const std::vector<Source>& sources) {
  Row row;
  for (const Source& source : sources) {
    std::string& column = row[source.column] = "NULL";
    for (const char* place : source.places)
      if (const json::value* value = at(object, place); value != nullptr && column == "NULL")
        column = column_text(*value, source.kind);
  }
  return row;
}

std::string text_at(const json::value& object, const char* pointer) {
  const json::value* value = at(object, pointer);
  return value == nullptr ? "" : std::string(value->as_string());
}

Row row_of(SQLite::Statement& query, int first_column) {
  Row row;
  for (int i = first_column; i < query.getColumnCount(); ++i) {
    const SQLite::Column column = query.getColumn(i);
    row[column.getName()] = column.isNull() ? "NULL" : column.getString();
  }
  return row;
}

Table read_table(const SQLite::Database& mirror, const std::string& key, const std::vector<Source>& sources,
                 const std::string& from) {
  std::string sql = "SELECT " + key;
  for (const Source& source : sources) sql += std::string(", ") + source.column;
  SQLite::Statement query(mirror, sql + " FROM " + from);
  Table table;
  while (query.executeStep()) table[query.getColumn(0).getString()] = row_of(query, 1);
  return table;
}

}  // namespace

std::int64_t instant(const std::string& text) {
  static const std::regex form(
      R"((\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d)(?:\.\d+)?)?(Z|([+-])(\d\d):(\d\d)))");
  std::smatch part;
  if (!std::regex_match(text, part, form)) throw std::runtime_error("not an RFC 3339 time: " + text);
  const auto number = [&part](int i) { return part[i].matched ? std::stoi(part[i].str()) : 0; };
  std::tm time{};
  time.tm_year = number(1) - 1900;
  time.tm_mon = number(2) - 1;
  time.tm_mday = number(3);
  time.tm_hour = number(4);
  time.tm_min = number(5);
  time.tm_sec = number(6);
  const std::int64_t offset = (number(9) * 60 + number(10)) * 60;
  return timegm(&time) - (part[8].str() == "-" ? -offset : offset);
}

void ExpectedRows::add(const std::string& appid, const std::string& openid, const json::object& object) {
  const json::value entry(object);
  const std::string key =
      appid + " " + openid + " " + text_at(entry, "/stock/stock_id") + " " + text_at(entry, "/coupon_code");
  coupons[key] = row_of(entry, kCoupon);
  const auto add_detail = [&](const json::value& detail, const char* mode, std::size_t index) {
    usage_details[key + " " + mode + " " + std::to_string(index)] = row_of(detail, kUsageDetail);
  };
  if (const json::value* detail = at(entry, "/single_usage_detail")) add_detail(*detail, "SINGLE", 0);
  if (const json::value* detail = at(entry, "/progressive_bundle_usage_detail"))
    add_detail(*detail, "PROGRESSIVE_BUNDLE", 0);
  if (const json::value* list = at(entry, "/sequential_usage_detail/detail_item_list"))
    for (std::size_t i = 0; i < list->as_array().size(); ++i)
      add_detail(list->as_array()[i], "SEQUENTIAL", i);
  if (const json::value* stock = at(entry, "/stock"))
    stocks[text_at(*stock, "/stock_id")] = row_of(*stock, kStock);
  if (const json::value* product = at(entry, "/product_coupon"))
    products[text_at(*product, "/product_coupon_id")] = row_of(*product, kProduct);
}

ExpectedRows expected_rows(const json::array& truth) {
  ExpectedRows rows;
  for (const json::value& user : truth)
    for (const json::value& entry : user.at("coupons").as_array())
      rows.add(std::string(user.at("appid").as_string()), std::string(user.at("openid").as_string()),
               entry.as_object());
  return rows;
}

ExpectedRows mirrored_rows(const std::filesystem::path& path) {
  const SQLite::Database mirror(path.string(), SQLite::OPEN_READONLY);
  const std::string key = "c.appid || ' ' || c.openid || ' ' || c.stock_id || ' ' || c.coupon_code";
  ExpectedRows rows;
  rows.coupons = read_table(mirror, key, kCoupon, "coupon c WHERE missing_since IS NULL");
  rows.usage_details =
      read_table(mirror, key + " || ' ' || usage_mode || ' ' || item_index", kUsageDetail,
                 "usage_detail d JOIN (SELECT id, appid, openid, stock_id, coupon_code FROM coupon"
                 " WHERE missing_since IS NULL) c ON c.id = d.coupon_id");
  rows.stocks = read_table(mirror, "stock_id", kStock, "stock");
  rows.products = read_table(mirror, "product_coupon_id", kProduct, "product_coupon");
  return rows;
}

std::string difference(const Table& expected, const Table& actual) {
  constexpr int kShown = 5;
  std::string text;
  int count = 0;
  const auto say = [&](const std::string& line) {
    if (++count <= kShown) text += line + "\n";
  };
  for (const auto& [key, row] : expected) {
    const auto found = actual.find(key);
    if (found == actual.end()) {
      say("missing: " + key);
      continue;
    }
    for (const auto& [column, value] : row)
      if (found->second.at(column) != value)
        say(key + ": " + column + " is " + found->second.at(column) + ", expected " + value);
  }
  for (const auto& [key, row] : actual)
    if (!expected.contains(key)) say("not expected: " + key);
  if (count > kShown) text += "and " + std::to_string(count - kShown) + " more\n";
  return text;
}

}  // namespace couponsync::test
