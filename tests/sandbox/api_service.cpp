#include "sandbox/api_service.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <openssl/rand.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <stdexcept>
#include <utility>

namespace couponsync::sandbox {
namespace {

namespace json = boost::json;

std::int64_t unix_now() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

/// As RFC 9110 wants it: "Sun, 06 Nov 1994 08:49:37 GMT".
std::string http_date(std::int64_t at) {
  const auto seconds = static_cast<std::time_t>(at);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, 64> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &utc);
  return {text.data(), size};
}

std::string text_of(const json::object& object, const char* name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string().c_str()) : std::string();
}

/// One of its own for each reply, also after a restart: clients may refuse a nonce they have seen.
std::string random_nonce() {
  std::array<unsigned char, 16> bytes{};
  if (RAND_bytes(bytes.data(), bytes.size()) != 1) throw std::runtime_error("OpenSSL has no random bytes");
  std::string nonce;
  for (const unsigned char byte : bytes) {
    nonce += "0123456789abcdef"[byte >> 4U];
    nonce += "0123456789abcdef"[byte & 0xFU];
  }
  return nonce;
}

bool listed(const json::object& entry, const ListingQuery& query) {
  const json::object& stock = entry.at("stock").as_object();
  return (query.stock_id.empty() || text_of(stock, "stock_id") == query.stock_id) &&
         (query.product_coupon_id.empty() ||
          text_of(stock, "product_coupon_id") == query.product_coupon_id) &&
         (query.coupon_state.empty() || text_of(entry, "coupon_state") == query.coupon_state);
}

}  // namespace

/// One call under way.
struct ApiService::Call {
  std::string domain;
  bool reused_connection = false;
  ListingQuery query;
  TokenTarget place;
  std::optional<FaultRule> fault;
};

ApiService::ApiService(Keys keys, Data data)
    : keys_(std::move(keys)),
      data_(std::move(data)),
      authorization_(keys_.brand, kBrandId, keys_.certificate_serial) {}

Reply ApiService::answer(std::string_view domain, const Request& request, bool reused_connection) {
  Call call;
  call.domain = domain;
  call.reused_connection = reused_connection;
  Reply reply;
  std::string code;
  try {
    reply = answer_call(request, call);
  } catch (const ApiError& error) {
    reply = error_reply(error.status(), error.code(), error.what());
  }
  if (reply.status != 200) {
    boost::system::error_code ignored;  // HTML has no code
    const json::value body = json::parse(reply.body, ignored);
    if (body.is_object()) code = text_of(body.as_object(), "code");
  }
  reply.delay_ms += latency_ms_;
  reply.set("Date", http_date(unix_now()));
  reply.set("Request-ID", "08F7" + std::to_string(log_.size() + 1));
  log_.push_back(json::object{{"n", log_.size() + 1},
                              {"domain", domain},
                              {"openid", call.query.openid},
                              {"product_coupon_id", call.query.product_coupon_id},
                              {"stock_id", call.query.stock_id},
                              {"coupon_state", call.query.coupon_state},
                              {"page", call.place.page},
                              {"page_size", call.query.page_size},
                              {"status", reply.status},
                              {"code", code},
                              {"fault", call.fault ? json::value(call.fault->name) : json::value()}});
  return reply;
}

Reply ApiService::answer_call(const Request& request, Call& call) {
  call.query = parse_listing_query(request);
  const auto known = tokens_.find(call.query.page_token);
  if (known != tokens_.end()) call.place = known->second;
  call.fault = faults_.take({call.domain, call.query.openid, call.place.page, !call.query.page_token.empty(),
                             call.reused_connection});
  if (call.fault) {
    std::optional<Reply> faulty = faulty_reply(*call.fault, call);
    if (faulty) return std::move(*faulty);
  }
  check_signature(request);
  if (call.fault && call.fault->name == "stale_after_reading") {
    Reply nothing;
    nothing.wire = Wire::close_unanswered;
    return nothing;
  }
  if (!quota_.take(std::chrono::steady_clock::now()))
    throw ApiError(429, "RATELIMIT_EXCEEDED", "频率超限,请降低频率后使用原参数重试");
  if (!call.query.page_token.empty() &&
      (known == tokens_.end() || known->second.identity != call.query.identity()))
    throw ApiError(400, "PARAM_ERROR", "page_token is not one of this listing");
  if (call.query.appid != data_.appid())
    throw ApiError(400, "INVALID_REQUEST", "appid is not bound to this brand");
  const bool example = raw_example_.has_value();
  if (!example && !call.query.stock_id.empty() && !data_.knows_stock(call.query.stock_id))
    throw ApiError(404, "NOT_FOUND", "no such stock");
  if (!example && !call.query.product_coupon_id.empty() && !data_.knows_product(call.query.product_coupon_id))
    throw ApiError(404, "NOT_FOUND", "no such product coupon");
  return page(call);
}

void ApiService::check_signature(const Request& request) {
  if (request.header("Wechatpay-Serial") != keys_.wechatpay_public_key_id)
    throw ApiError(401, "SIGN_ERROR", "Wechatpay-Serial is not the public key ID of this brand");
  const std::optional<std::string> authorization = request.header("Authorization");
  if (!authorization) throw ApiError(401, "SIGN_ERROR", "Authorization is missing or given twice");
  const auto why =
      authorization_.refuse({request.method, request.target, request.body, *authorization}, unix_now());
  if (why) throw ApiError(401, "SIGN_ERROR", *why);
}

Reply ApiService::page(const Call& call) {
  if (raw_example_ && call.query.page_token.empty()) {
    const std::string token = text_of(json::parse(*raw_example_).as_object(), "next_page_token");
    tokens_[token] = {call.query.identity(), std::size_t(-1), 2};
    return signed_reply(*raw_example_, unix_now());
  }
  if (call.fault && call.fault->name == "moving_rows")
    if (User* user = data_.find(call.query.openid)) data_.move_rows(*user);
  std::vector<const json::object*> entries;
  if (const User* user = data_.find(call.query.openid))
    for (const json::object& entry : user->coupons)
      if (listed(entry, call.query)) entries.push_back(&entry);

  json::object body;
  if (call.query.page_token.empty()) body["total_count"] = entries.size();
  json::array list;
  const std::size_t begin = std::min(call.place.offset, entries.size());
  const std::size_t end = std::min(begin + static_cast<std::size_t>(call.query.page_size), entries.size());
  for (std::size_t i = begin; i < end; ++i) list.push_back(*entries[i]);
  body["user_coupon_list"] = std::move(list);
  if (end < entries.size())
    body["next_page_token"] = new_token({call.query.identity(), end, call.place.page + 1});
  if (call.fault) put_in_wrong(*call.fault, body, call);
  std::string text = json::serialize(body);
  if (call.fault && call.fault->name == "broken_json") text.resize(text.size() / 2);
  if (call.fault && call.fault->name == "broken_text") break_texts(text);
  Reply reply = signed_reply(std::move(text),
                             unix_now() - (call.fault && call.fault->name == "stale_timestamp" ? 600 : 0));
  if (call.fault && call.fault->name == "replayed_reply" && last_page_) return *last_page_;
  if (!call.fault) {
    last_page_ = reply;
    return reply;
  }
  return with_fault(*call.fault, std::move(reply));
}

Reply ApiService::with_fault(const FaultRule& fault, Reply reply) const {
  const std::string& name = fault.name;
  if (name == "wrong_signature") reply.set("Wechatpay-Signature", sign(keys_.wechatpay, "something else"));
  if (name == "signtest_signature")
    reply.set("Wechatpay-Signature",
              "WECHATPAY/SIGNTEST/" + sign(keys_.wechatpay, "something else").substr(0, 40) + "?");
  if (name == "missing_signature")
    std::erase_if(reply.headers, [](const auto& h) { return h.first == "Wechatpay-Signature"; });
  if (name == "wrong_serial") reply.set("Wechatpay-Serial", "PUB_KEY_ID_9999999999999999999999999999999999");
  if (name == "gzip_encoding") reply.set("Content-Encoding", "gzip");
  if (name == "reset") reply.wire = Wire::reset;
  if (name == "truncated_body") reply.wire = Wire::truncate;
  if (name == "slow")
    reply.delay_ms =
        static_cast<int>(fault.details.contains("ms") ? fault.details.at("ms").to_number<int>() : 1000);
  if (name == "extra_reply")
    reply.unasked.push_back(signed_reply(R"({"total_count":0,"user_coupon_list":[]})", unix_now()));
  return reply;
}

void ApiService::put_in_wrong(const FaultRule& fault, json::object& body, const Call& call) {
  json::array& list = body.at("user_coupon_list").as_array();
  if (fault.name == "wrong_types" && !list.empty()) list[0].as_object()["coupon_code"] = 12345;
  if (fault.name == "repeated_token") body["next_page_token"] = call.query.page_token;
  if (fault.name == "endless_pages")
    body["next_page_token"] = new_token({call.query.identity(), call.place.offset, call.place.page + 1});
  if (fault.name == "empty_page_with_token") {
    list.clear();
    body["next_page_token"] = new_token({call.query.identity(), call.place.offset, call.place.page + 1});
  }
  if (fault.name == "empty_token" && !body.contains("next_page_token")) body["next_page_token"] = "";
  if (fault.name == "wrong_total_count")
    body["total_count"] = body.at("total_count").to_number<std::int64_t>() + 1;
  if (fault.name == "duplicate_entry" && call.place.offset > 0)
    if (const User* user = data_.find(call.query.openid)) list.insert(list.begin(), user->coupons.front());
}

/// Half an emoji, escaped, and half a character, in front of texts that would be whole.
void ApiService::break_texts(std::string& body) {
  for (const std::string_view member : {"\"remark\":\"", "\"attach\":\""})
    for (std::size_t at = 0; (at = body.find(member, at)) != std::string::npos;) {
      at += member.size();
      body.insert(at, "\\ud83d\xE5\x88");
    }
}

std::string ApiService::new_token(TokenTarget target) {
  std::string token = "t+";
  for (int i = 0; i < 4; ++i) token += std::to_string(random_() % 100'000) + (i % 2 == 0 ? "/" : "=");
  tokens_[token] = std::move(target);
  return token;
}

Reply ApiService::signed_reply(std::string body, std::int64_t at) const {
  const std::string nonce = random_nonce();
  Reply reply;
  reply.body = std::move(body);
  reply.headers = {{"Content-Type", "application/json; charset=utf-8"},
                   {"Wechatpay-Timestamp", std::to_string(at)},
                   {"Wechatpay-Nonce", nonce},
                   {"Wechatpay-Serial", keys_.wechatpay_public_key_id},
                   {"Wechatpay-Signature",
                    sign(keys_.wechatpay, std::to_string(at) + "\n" + nonce + "\n" + reply.body + "\n")}};
  return reply;
}

Reply ApiService::error_reply(int status, std::string_view code, std::string_view message) const {
  Reply reply;
  reply.status = status;
  reply.headers = {{"Content-Type", "application/json; charset=utf-8"}};
  reply.body = json::serialize(json::object{{"code", code}, {"message", message}});
  return reply;
}

std::optional<Reply> ApiService::faulty_reply(const FaultRule& fault, const Call& call) {
  const std::string& name = fault.name;
  if (name.starts_with("html_")) {
    Reply reply;
    reply.status = std::stoi(name.substr(5));
    reply.headers = {{"Content-Type", "text/html"}};
    reply.body = "<html><body><h1>" + name.substr(5) + "</h1></body></html>";
    return reply;
  }
  if (name == "system_error") return error_reply(500, "SYSTEM_ERROR", "系统异常,请稍后重试");
  if (name == "error_as_success")
    return signed_reply(R"({"code":"SYSTEM_ERROR","message":"系统异常,请稍后重试"})", unix_now());
  if (name == "expired_token") return error_reply(400, "PARAM_ERROR", "page_token 已过期");
  // As the real one, it repeats what it was asked.
  if (name == "bad_request") return error_reply(400, "PARAM_ERROR", "openid " + call.query.openid + " 无效");
  if (name == "not_found") return error_reply(404, "NOT_FOUND", "商品券不存在");
  if (name == "no_auth") return error_reply(403, "NO_AUTH", "商户无权限");
  if (name == "sign_error") return error_reply(401, "SIGN_ERROR", "签名错误,被签名串含 " + call.query.openid);
  if (name == "rate_limited") {
    Reply reply = error_reply(429, "RATELIMIT_EXCEEDED", "频率超限");
    if (const json::value* seconds = fault.details.if_contains("retry_after_s"))
      reply.set("Retry-After", std::to_string(seconds->to_number<std::int64_t>()));
    return reply;
  }
  if (name == "huge_body") {
    Reply reply;
    reply.body.assign(std::size_t{64} << 20U, ' ');
    return reply;
  }
  if (name == "redirect") {
    Reply reply;
    reply.status = 302;
    reply.headers = {{"Location", "https://127.0.0.1:1/"}};
    return reply;
  }
  if (name == "hang" || name == "stale_keepalive") {
    Reply reply;
    reply.wire = name == "hang" ? Wire::hang : Wire::close_unanswered;
    return reply;
  }
  return std::nullopt;
}

json::object ApiService::stats() const {
  json::object by_status;
  json::object by_domain;
  for (const json::value& call : log_) {
    const auto count = [](json::object& counts, const std::string& key) {
      json::value& value = counts[key];
      value = value.is_null() ? 1 : value.to_number<std::int64_t>() + 1;
    };
    count(by_status, std::to_string(call.at("status").to_number<std::int64_t>()));
    count(by_domain, std::string(call.at("domain").as_string().c_str()));
  }
  return {
      {"requests", log_.size()}, {"by_status", std::move(by_status)}, {"by_domain", std::move(by_domain)}};
}

}  // namespace couponsync::sandbox
