#include "store/mirror_fixture.h"

#include "base/digest.h"

#include <SQLiteCpp/Column.h>
#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>

#include <algorithm>
#include <stdexcept>

namespace couponsync {

namespace {

std::vector<std::string> rows_of(SQLite::Database& database, const std::string& sql) {
  std::vector<std::string> found;
  SQLite::Statement statement(database, sql);
  while (statement.executeStep()) {
    std::string line;
    for (int i = 0; i < statement.getColumnCount(); ++i) {
      if (i > 0) line += "|";
      const SQLite::Column column = statement.getColumn(i);
      line += column.isNull() ? "NULL" : column.getString();
    }
    found.push_back(std::move(line));
  }
  return found;
}

std::vector<std::string> columns_of_table(SQLite::Database& database, const std::string& table) {
  return rows_of(database, "SELECT name FROM pragma_table_info('" + table + "')");
}

}  // namespace

std::vector<std::string> rows(const std::filesystem::path& mirror, const std::string& sql) {
  SQLite::Database database(mirror.string(), SQLite::OPEN_READONLY, 5'000);
  return rows_of(database, sql);
}

std::string value(const std::filesystem::path& mirror, const std::string& sql) {
  const std::vector<std::string> found = rows(mirror, sql);
  if (found.size() != 1) throw std::runtime_error(std::to_string(found.size()) + " rows for " + sql);
  return found.front();
}

std::vector<std::string> dump(const std::filesystem::path& mirror) {
  SQLite::Database database(mirror.string(), SQLite::OPEN_READONLY, 5'000);
  std::vector<std::string> lines;
  for (const std::string& table :
       rows_of(database, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")) {
    std::string list;
    for (const std::string& column : columns_of_table(database, table))
      list += (list.empty() ? "quote(\"" : ", quote(\"") + column + "\")";
    std::vector<std::string> found = rows_of(database, "SELECT " + list + " FROM \"" + table + "\"");
    std::ranges::sort(found);
    std::erase_if(found, [](const std::string& line) { return line.starts_with("'log_mark'"); });
    for (const std::string& line : found) lines.push_back(table + ": " + line);
  }
  return lines;
}

void execute(const std::filesystem::path& database, const std::string& sql) {
  SQLite::Database(database.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE, 5'000).exec(sql);
}

DataVersion::DataVersion(const std::filesystem::path& mirror)
    : database_(std::make_unique<SQLite::Database>(mirror.string(), SQLite::OPEN_READONLY, 5'000)) {}
DataVersion::~DataVersion() = default;
std::int64_t DataVersion::now() { return database_->execAndGet("PRAGMA data_version").getInt64(); }

Digest hash_of(const std::string& text) { return sha256(text); }

Coupon coupon(const CouponSpec& spec) {
  Coupon result;
  result.stock_id = spec.stock;
  result.coupon_code = CouponCode(spec.code);
  result.product_coupon_id = spec.product;
  result.coupon_state = spec.state;
  result.usage_used_count = spec.used_count;
  result.usage_details = spec.details;
  result.attach = spec.attach;
  result.raw_json = "{\"state\":\"" + spec.state + "\",\"attach\":\"" + spec.attach +
                    "\",\"used\":" + std::to_string(spec.used_count.value_or(0)) + "}";
  std::string content = result.raw_json + spec.product.value_or("");
  for (const UsageDetail& detail : spec.details)
    content += std::to_string(detail.item_index) + detail.detail_state.value_or("") +
               std::to_string(detail.use_time.value_or(0));
  result.content_hash = hash_of(content);
  return result;
}

Coupon coupon(const std::string& code, const std::string& state) {
  return coupon(CouponSpec{.code = code, .state = state});
}

UsageDetail use(UsageMode mode, std::int64_t item_index, Instant use_time) {
  UsageDetail detail;
  detail.usage_mode = mode;
  detail.item_index = item_index;
  detail.use_time = use_time;
  return detail;
}

Stock stock(const std::string& id, Text product, Integer sent_total_count) {
  Stock result;
  result.stock_id = id;
  result.product_coupon_id = std::move(product);
  result.sent_total_count = sent_total_count;
  result.raw_json =
      "{\"sent_count_info\":{\"total_count\":" + std::to_string(sent_total_count.value_or(0)) + "}}";
  result.content_hash =
      hash_of(id + result.product_coupon_id.value_or(""));  // as the decoder's, without counters
  return result;
}

ProductCoupon product(const std::string& id) {
  ProductCoupon result;
  result.product_coupon_id = id;
  result.name = "Ten off a hundred";
  result.raw_json = "{}";
  result.content_hash = hash_of(id);
  return result;
}

Page page_of(std::initializer_list<CouponSpec> coupons, Integer total_count, Text next_page_token) {
  Page page;
  for (const CouponSpec& spec : coupons) page.coupons.push_back(coupon(spec));
  page.total_count = total_count;
  page.next_page_token = std::move(next_page_token);
  return page;
}

ListingKey user(const std::string& openid) {
  return {.appid = "wx-app",
          .openid = Openid(openid),
          .product_coupon_id = {},
          .stock_id = {},
          .coupon_state = {}};
}

}  // namespace couponsync
