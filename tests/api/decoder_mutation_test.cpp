// The decoder against damaged bytes: whatever comes, it fails or gives a page that keeps its promises.
#include "api/json_document.h"
#include "api/page_text.h"
#include "api/test_data.h"
#include "api/utf8.h"
#include "support/sanitized.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <gtest/gtest.h>

#include <random>

namespace couponsync {
namespace {

using namespace couponsync::testing;
namespace json = boost::json;

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const Utf8Sequence sequence = first_utf8_sequence(text);
    if (!sequence.valid) return false;
    text.remove_prefix(sequence.size);
  }
  return true;
}

/// Nothing of it need be mended but escapes of half a surrogate pair and of NUL, which stay as they came.
bool is_json_object(const std::string& text) {
  const Result<JsonDocument> document = JsonDocument::parse(text, {});
  return document && document->top().is_object() && document->text() == text && is_utf8(text);
}

void expect_promises_kept(const Page& page) {
  EXPECT_NE(page.next_page_token, "");
  EXPECT_GE(page.total_count.value_or(0), 0);
  for (const Coupon& coupon : page.coupons) {
    EXPECT_FALSE(coupon.stock_id.empty());
    EXPECT_FALSE(coupon.coupon_code.reveal().empty());
    EXPECT_TRUE(is_json_object(coupon.raw_json)) << coupon.raw_json;
  }
  for (const Stock& stock : page.stocks) EXPECT_TRUE(is_json_object(stock.raw_json)) << stock.raw_json;
  for (const ProductCoupon& product : page.products)
    EXPECT_TRUE(is_json_object(product.raw_json)) << product.raw_json;
}

std::string compact_example() {
  return json::serialize(json::parse(read_test_data("list-user-coupons.example.json")));
}

constexpr int kRounds = test::repetitions(20'000);

TEST(DamagedPage, FailsWhereverItIsCutOff) {
  std::string body = compact_example();
  while (!body.empty()) {
    body.pop_back();
    // On the heap and exactly as long, so that a sanitizer sees any read beyond.
    const std::vector<char> bytes(body.begin(), body.end());
    const Result<Page> page = decode_page(std::string_view(bytes.data(), bytes.size()));
    ASSERT_FALSE(page) << body.size();
    ASSERT_EQ(page.error().kind, body.empty() ? FailureKind::not_a_listing : FailureKind::undecodable);
  }
}

/// Damages one to four places: another byte, a byte gone, a piece doubled.
std::string damage(std::string body, std::mt19937& random) {
  static constexpr std::string_view kLetters = "{}[]\",:\\ \n0-1eEtfn.u\xE5\xFF";
  for (unsigned count = random() % 4 + 1; count > 0; --count) {
    const std::size_t at = random() % body.size();
    switch (random() % 4) {
      case 0:
        body[at] = static_cast<char>(random());
        break;
      case 1:
        body[at] = kLetters[random() % kLetters.size()];
        break;
      case 2:
        body.erase(at, random() % 8 + 1);
        break;
      default:
        body.insert(random() % body.size(), body.substr(at, random() % 400));
    }
    if (body.empty()) body = "{}";
  }
  return body;
}

TEST(DamagedPage, KeepsItsPromisesOrFailsWhateverTheDamage) {
  std::mt19937 random(20250902);  // the same run every time
  const std::string body = compact_example();
  int decoded_pages = 0;
  for (int round = 0; round < kRounds; ++round) {
    const std::string damaged = damage(body, random);
    const std::vector<char> bytes(damaged.begin(), damaged.end());
    const Result<Page> page = decode_page(std::string_view(bytes.data(), bytes.size()));
    if (!page) continue;
    ++decoded_pages;
    expect_promises_kept(*page);
    ASSERT_FALSE(HasFailure()) << damaged;
  }
  EXPECT_GT(decoded_pages, kRounds / 20) << "too few mutants survive to test anything";
}

/// Swaps a random value of the document for a value of another type: still JSON, often not a good page.
void mutate_value(json::value& value, std::mt19937& random) {
  static const json::value replacements[] = {nullptr,
                                             true,
                                             0,
                                             -1,
                                             1e300,
                                             "",
                                             "x",
                                             json::array{},
                                             json::object{},
                                             json::array{1, "a"},
                                             json::object{{"stock_id", "z"}}};
  if (json::object* object = value.if_object(); object != nullptr && !object->empty() && random() % 8 != 0)
    return mutate_value((object->begin() + static_cast<std::ptrdiff_t>(random() % object->size()))->value(),
                        random);
  if (json::array* array = value.if_array(); array != nullptr && !array->empty() && random() % 8 != 0)
    return mutate_value((*array)[random() % array->size()], random);
  value = replacements[random() % std::size(replacements)];
}

TEST(DamagedPage, KeepsItsPromisesOrFailsWhateverTheTypes) {
  std::mt19937 random(20251101);  // the same run every time
  const json::value example = json::parse(read_test_data("list-user-coupons.example.json"));
  int decoded_pages = 0;
  for (int round = 0; round < 5000; ++round) {
    json::value mutant = example;
    for (unsigned count = random() % 3 + 1; count > 0; --count) mutate_value(mutant, random);
    const Result<Page> page = decode_page(json::serialize(mutant));
    if (!page) continue;
    ++decoded_pages;
    expect_promises_kept(*page);
    ASSERT_FALSE(HasFailure()) << json::serialize(mutant);
  }
  EXPECT_GT(decoded_pages, kRounds / 20) << "too few mutants survive to test anything";
}

}  // namespace
}  // namespace couponsync
