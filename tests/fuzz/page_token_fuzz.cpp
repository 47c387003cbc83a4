// A page token of any contents: from the page to the bookmark in the mirror to the next request's URL.
#include "api/decoder.h"
#include "api/listing_request.h"
#include "fuzz/fuzz.h"
#include "store/mirror.h"
#include "support/temporary_folder.h"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <array>
#include <optional>
#include <span>

namespace couponsync::fuzz {
namespace {

const ListingKey kListing{.appid = "wx1",
                          .openid = Openid("oFuzz_user-00000010000114"),
                          .product_coupon_id = {},
                          .stock_id = {},
                          .coupon_state = "USED"};

Mirror& mirror() {
  static const test::TemporaryFolder folder;
  static Mirror opened =
      Mirror::open({.path = folder.path() / "mirror.db", .durability = Durability::normal});
  return opened;
}

/// JSON that needs no more than it must escape.
std::string quoted(std::string_view text) {
  std::string json = "\"";
  for (const char c : text) {
    std::array<char, 8> escape{};
    std::snprintf(escape.data(), escape.size(), "\\u%04x",
                  static_cast<unsigned>(static_cast<unsigned char>(c)));
    if (c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20)
      json += escape.data();
    else
      json += c;
  }
  return json + '"';
}

/// What the mirror says where the listing goes on, behind this page.
Text bookmark_behind(const Page& page) {
  mirror().begin();
  const ListingId listing = mirror().watch(std::span(&kListing, 1)).front().id;
  const RequestOrder sent = mirror().first_request_order();
  const PageOutcome outcome = mirror().apply_page(
      {.listing = listing,
       .page = page,
       .page_index = 0,
       .started_at = 1,
       .seen = {.sent = sent, .reading_began = sent, .received = sent + 1, .observed_at = 2},
       .next_due_at = 900});
  const Listing loaded = mirror().load(std::span(&listing, 1)).at(0).at(0);
  mirror().rollback();
  require(loaded.next_page_token == outcome.after.next_page_token, "a bookmark is loaded as it was told");
  return loaded.next_page_token;
}

/// The token of a request's URL, as another library reads it.
Text token_asked_for(const std::string& target) {
  for (const char c : target) require(c > ' ' && c < 0x7F, "a request's target is visible ASCII");
  const auto url = boost::urls::parse_origin_form(target);
  require(url.has_value(), "a request's target is a URL");
  for (const auto& parameter : url->params())
    if (parameter.key == "page_token") return std::string(parameter.value);
  return std::nullopt;
}

void follow(const Page& page, const std::string& token) {
  require(page.next_page_token == token, "a token is decoded as it was sent");
  require(bookmark_behind(page) == token, "a bookmark is the token");
  const HttpRequest request = listing_request(kListing, 50, token);
  require(token_asked_for(request.target) == token, "the token that is asked for is the token");
}

Result<Page> page_with(const std::string& json_token) {
  return decode_page("{\"total_count\":70,\"user_coupon_list\":[],\"next_page_token\":" + json_token + "}");
}

void check_value(std::string_view token) {
  const Result<Page> page = page_with(quoted(token));
  if (!is_clean_utf8(token))
    return require(!page && page.error().kind == FailureKind::not_a_listing, "a broken token is refused");
  require(page.has_value(), "any text is a token");
  if (token.empty()) return require(!page->next_page_token, "an empty token is none");
  follow(*page, std::string(token));
}

/// The bytes as they stand between the quotes.
void check_source(std::string_view source) {
  const Result<Page> page = page_with("\"" + std::string(source) + "\"");
  if (page && page->next_page_token) follow(*page, *page->next_page_token);
}

}  // namespace
}  // namespace couponsync::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace couponsync::fuzz;
  check_value(text_of(data, size));
  check_source(text_of(data, size));
  return 0;
}
