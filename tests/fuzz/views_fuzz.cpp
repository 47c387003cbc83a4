// Odd rows under the views: each view is selected whole, and keeps what the dictionary says of it. An input
// that begins with '{' is a page, decoded and put into a mirror; any other drives rows straight into the
// tables.
#include "api/decoder.h"
#include "fuzz/fuzz.h"
#include "fuzz/views_promises.h"
#include "store/mirror.h"
#include "store/schema.h"
#include "support/temporary_folder.h"

#include <array>
#include <limits>
#include <optional>
#include <span>
#include <vector>

namespace couponsync::fuzz {
namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kExact = 9'007'199'254'740'992;  // 2 to the power of 53
constexpr std::int64_t kDay = 86'400;

/// Beside NULL: what is usual, what ends somewhere, and what nobody sends. Those from kNow on are seconds
/// from now.
constexpr std::array<std::int64_t, 24> kNumbers{1,
                                                0,
                                                2,
                                                3,
                                                -1,
                                                100,
                                                5'000,
                                                1'750'000'000,
                                                253'402'300'799,
                                                253'402'300'800,
                                                -62'167'219'201,
                                                kExact,
                                                kExact - 1,
                                                -kExact,
                                                kMost,
                                                kMost - 1,
                                                kLeast,
                                                kLeast + 1,
                                                1'000'000'000'000'000,
                                                0,
                                                -kDay,
                                                kDay,
                                                3 * kDay,
                                                8 * kDay};
constexpr std::size_t kNow = 19;

constexpr std::array<std::string_view, 24> kTexts{
    "a",    "b",         "SINGLE",  "SEQUENTIAL", "PROGRESSIVE_BUNDLE", "NORMAL",  "DISCOUNT",    "EXCHANGE",
    "USED", "EFFECTIVE", "PENDING", "EXPIRED",    "CONFIRMING",         "DELETED", "DEACTIVATED", "NEW_STATE",
    "",     "{}",        "{\"a\":", "null",       "\xF0\x9F\x8E\x81",   "\xFF",    "1e999",       "[]"};

struct Column {
  std::string name;
  std::string type;
  bool required = false;
};

/// A table, and the statement that puts a row into it.
struct Table {
  std::string name;
  std::vector<Column> columns;
  Query insert;
};

Table table(sqlite3* database, const std::string& name) {
  std::vector<Column> columns;
  std::string names;
  std::string places;
  Query info(database, "SELECT name, type, \"notnull\" OR pk FROM pragma_table_info('" + name + "')");
  while (info.step()) {
    columns.push_back({info.text(0), info.text(1), info.integer(2) != 0});
    names += (names.empty() ? "\"" : ", \"") + columns.back().name + "\"";
    places += places.empty() ? "?" : ", ?";
  }
  require(!columns.empty(), "the tables have columns");
  return {name, std::move(columns),
          Query(database, "INSERT INTO " + name + " (" + names + ") VALUES (" + places + ")")};
}

/// A mirror's tables in memory; what an input puts there is taken back.
class Tables {
 public:
  Tables() : database_(open_database(":memory:", false)) {
    run(database_.get(), std::string(schema_ddl()));
    run(database_.get(), "PRAGMA foreign_keys = ON");
    for (const char* name : {"product_coupon", "stock", "stock_benefit", "coupon", "usage_detail", "listing"})
      tables_.push_back(table(database_.get(), name));
    promises_.emplace(database_.get());
  }

  void check(std::string_view bytes) {
    constexpr int kMostRows = 64;
    Input input(bytes);
    run(database_.get(), "BEGIN");
    for (int i = 0; i < kMostRows && !input.empty(); ++i)
      insert(tables_[input.byte() % tables_.size()], input);
    promises_->check();
    run(database_.get(), "ROLLBACK");
  }

  /// The rows that a mirror has.
  void check_copy(sqlite3* mirror) {
    run(database_.get(), "BEGIN");
    for (Table& table : tables_) copy(mirror, table);
    promises_->check();
    run(database_.get(), "ROLLBACK");
  }

 private:
  static void copy(sqlite3* mirror, Table& table) {
    Query rows(mirror, "SELECT * FROM " + table.name);
    while (rows.step()) {
      const int columns = static_cast<int>(table.columns.size());
      for (int i = 0; i < columns; ++i) table.insert.bind(i + 1, rows, i);
      require(table.insert.try_run(), "the schema takes the mirror's rows");
    }
  }

  void insert(Table& table, Input& input) {
    int place = 0;
    for (const Column& column : table.columns) bind(table.insert, ++place, column, input.byte());
    table.insert.try_run();  // what the tables refuse, no view meets
  }

  void bind(Query& query, int place, const Column& column, std::uint8_t choice) {
    if (choice == 0 && !column.required) return query.bind_null(place);
    if (column.type == "INTEGER") {
      const std::size_t which = choice % kNumbers.size();
      return query.bind(place, kNumbers[which] + (which >= kNow ? now() : 0));
    }
    query.bind(place, kTexts[choice % kTexts.size()], column.type == "BLOB");
  }

  static std::int64_t now() { return static_cast<std::int64_t>(::time(nullptr)); }

  DatabaseHandle database_;
  std::vector<Table> tables_;
  std::optional<Promises> promises_;
};

Tables& tables() {
  static Tables opened;
  return opened;
}

const ListingKey kListing{.appid = "wx1",
                          .openid = Openid("oFuzz_user-1"),
                          .product_coupon_id = {},
                          .stock_id = {},
                          .coupon_state = {}};

PageOutcome apply(Mirror& mirror, const Page& page) {
  const ListingId listing = mirror.watch(std::span(&kListing, 1)).front().id;
  const RequestOrder sent = mirror.first_request_order();
  return mirror.apply_page(
      {.listing = listing,
       .page = page,
       .page_index = 0,
       .started_at = 1'750'000'000,
       .seen = {.sent = sent, .reading_began = sent, .received = sent + 1, .observed_at = 1'750'000'001},
       .next_due_at = 1'750'000'900,
       .oldest_open = sent});
}

void check_page(std::string_view body) {
  Result<Page> page = decode_page(grown(body));
  if (!page) return;
  page->next_page_token.reset();
  const test::TemporaryFolder folder;
  const std::filesystem::path path = folder.path() / "mirror.db";
  Mirror mirror = Mirror::open({.path = path, .durability = Durability::normal});
  const PageOutcome first = apply(mirror, *page);
  const DatabaseHandle reader = open_database(path.string(), true);
  require(first.inserted <= static_cast<std::int64_t>(page->coupons.size()), "no more rows than entries");
  require(one_integer(reader.get(), "SELECT count(*) FROM coupon") == first.inserted,
          "each new coupon is a row");
  tables().check_copy(reader.get());
  const std::int64_t version = one_integer(reader.get(), "SELECT count(*) FROM coupon_change");
  const PageOutcome again = apply(mirror, *page);
  require(again.inserted == 0 && again.updated == 0, "the same page again changes no coupon");
  require(one_integer(reader.get(), "SELECT count(*) FROM coupon_change") == version, "and adds no change");
}

}  // namespace
}  // namespace couponsync::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace couponsync::fuzz;
  const std::string_view bytes = text_of(data, size);
  if (bytes.starts_with('{')) {
    check_page(bytes);
  } else {
    tables().check(bytes);
  }
  return 0;
}
