#include "sandbox/listing_query.h"

#include <boost/url/parse.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

namespace couponsync::sandbox {
namespace {

constexpr std::array<std::string_view, 7> kStates{"CONFIRMING", "PENDING", "EFFECTIVE",  "USED",
                                                  "EXPIRED",    "DELETED", "DEACTIVATED"};
constexpr std::array<std::string_view, 5> kPath{"brand", "marketing", "product-coupon", "users", "coupons"};

ApiError param_error(const std::string& message) { return {400, "PARAM_ERROR", message}; }

void check_headers(const Request& request) {
  if (request.header("Accept") != "application/json") throw param_error("Accept is not application/json");
  if (request.header("User-Agent").value_or("").empty()) throw param_error("User-Agent is missing");
  if (request.header("Content-Type")) throw param_error("a GET has no Content-Type");
  if (!request.body.empty()) throw param_error("a GET has no body");
}

std::string read_path(const boost::urls::url_view& url) {
  std::vector<std::string> segments;
  for (const auto& segment : url.segments()) segments.emplace_back(segment);
  const bool right = segments.size() == 6 && std::equal(kPath.begin(), kPath.begin() + 4, segments.begin()) &&
                     segments[5] == kPath[4] && !segments[4].empty();
  if (!right) throw ApiError(404, "NOT_FOUND", "no such path");
  return segments[4];
}

int read_page_size(const std::string& text) {
  int size = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
  if (error != std::errc{} || end != text.data() + text.size() || size < 1 || size > 50)
    throw param_error("page_size is not a whole number from 1 to 50");
  return size;
}

}  // namespace

std::string ListingQuery::identity() const {
  return openid + "\n" + appid + "\n" + product_coupon_id + "\n" + stock_id + "\n" + coupon_state + "\n" +
         std::to_string(page_size);
}

ListingQuery parse_listing_query(const Request& request) {
  if (request.method != "GET") throw ApiError(405, "METHOD_NOT_ALLOWED", "only GET");
  const auto url = boost::urls::parse_origin_form(request.target);
  if (!url) throw param_error("the request target is malformed");
  ListingQuery query;
  query.openid = read_path(*url);
  check_headers(request);
  std::set<std::string> seen;
  for (const auto& param : url->params()) {
    const std::string name = param.key;
    const std::string value = param.value;
    if (!seen.insert(name).second) throw param_error(name + " is given twice");
    if (!param.has_value || value.empty()) throw param_error(name + " is empty");
    if (name == "appid")
      query.appid = value;
    else if (name == "product_coupon_id")
      query.product_coupon_id = value;
    else if (name == "stock_id")
      query.stock_id = value;
    else if (name == "coupon_state")
      query.coupon_state = value;
    else if (name == "page_size")
      query.page_size = read_page_size(value);
    else if (name == "page_token")
      query.page_token = value;
    else
      throw param_error("unknown parameter " + name);
  }
  if (query.appid.empty()) throw param_error("appid is missing");
  if (!query.coupon_state.empty() && std::ranges::find(kStates, query.coupon_state) == kStates.end())
    throw param_error("coupon_state is not a documented state");
  return query;
}

}  // namespace couponsync::sandbox
