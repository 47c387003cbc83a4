#include "sandbox/notifier.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/json/serialize.hpp>
#include <boost/url/parse.hpp>

#include <chrono>
#include <stdexcept>

namespace couponsync::sandbox {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
namespace json = boost::json;

constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
/// WeChat Pay waits for an answer for so long.
constexpr std::chrono::seconds kPatience{5};
/// WeChat Pay tries again about once a minute; nobody wants to wait for that here.
constexpr std::chrono::seconds kAgain{2};
constexpr int kTries = 5;
constexpr int kFirstSuccess = 200;
constexpr int kFirstRedirect = 300;
constexpr std::int64_t kTooOld = 400;

std::int64_t now() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::string event_of(std::string_view op) {
  if (op == "add") return "PRODUCT_COUPON.SEND";
  if (op == "use") return "PRODUCT_COUPON.USE";
  if (op == "return") return "PRODUCT_COUPON.RETURN";
  return "";
}

}  // namespace

Notifier::Notifier(asio::io_context& context, const Keys& keys, std::string appid, const std::string& url)
    : context_(context), keys_(keys), appid_(std::move(appid)) {
  constexpr std::string_view kUnix = "unix:";
  if (url.starts_with(kUnix)) {
    endpoint_ = asio::local::stream_protocol::endpoint(url.substr(kUnix.size()));
    return;
  }
  const auto parsed = boost::urls::parse_uri(url);
  if (!parsed || parsed->scheme() != "http" || !parsed->has_port())
    throw std::runtime_error("--notify: expected http://ADDRESS:PORT/PATH or unix:/path");
  endpoint_ = asio::ip::tcp::endpoint(asio::ip::make_address(parsed->host()), parsed->port_number());
  path_ = parsed->encoded_path().empty() ? "/" : std::string(parsed->encoded_path());
}

void Notifier::changed(const Change& change) {
  const std::string event = event_of(change.op);
  if (event.empty()) return;
  json::object resource{{"appid", appid_},
                        {"openid", change.openid},
                        {"coupon_code", change.entry.at("coupon_code")},
                        {"stock_id", change.entry.at("stock").at("stock_id")},
                        {"product_coupon_id", change.entry.at("product_coupon").at("product_coupon_id")}};
  last_ = make(event, resource);
  asio::co_spawn(context_, deliver(last_), asio::detached);
}

Notification Notifier::make(std::string_view event_type, const json::object& resource) {
  constexpr const char* kAssociated = "product_coupon";
  const std::string nonce = std::to_string(random_()).substr(0, 12);
  json::object body{{"id", "EV-" + std::to_string(random_())},
                    {"create_time", "2026-01-15T08:00:00+08:00"},
                    {"event_type", event_type},
                    {"resource_type", "encrypt-resource"},
                    {"summary", "优惠券通知"},
                    {"resource",
                     {{"original_type", kAssociated},
                      {"algorithm", "AEAD_AES_256_GCM"},
                      {"ciphertext", seal(keys_.api_v3_key, nonce, kAssociated, json::serialize(resource))},
                      {"associated_data", kAssociated},
                      {"nonce", nonce}}}};
  return signed_one(json::serialize(body), now());
}

Notification Notifier::signed_one(std::string body, std::int64_t at) {
  const std::string timestamp = std::to_string(at);
  const std::string nonce = std::to_string(random_());
  Notification notification;
  notification.headers = {
      {"Wechatpay-Timestamp", timestamp},
      {"Wechatpay-Nonce", nonce},
      {"Wechatpay-Signature", sign(keys_.wechatpay, timestamp + "\n" + nonce + "\n" + body + "\n")},
      {"Wechatpay-Serial", keys_.wechatpay_public_key_id}};
  notification.body = std::move(body);
  return notification;
}

asio::awaitable<void> Notifier::deliver(Notification notification) {
  asio::steady_timer again(context_);
  for (int attempt = 0; attempt < kTries; ++attempt) {
    const int status = co_await post(notification);
    if (status >= kFirstSuccess && status < kFirstRedirect) co_return;
    again.expires_after(kAgain);
    co_await again.async_wait(kTuple);
    notification = signed_one(std::move(notification.body), now());
  }
}

asio::awaitable<int> Notifier::post(Notification notification) {
  boost::beast::basic_stream<asio::generic::stream_protocol> stream(context_);
  stream.expires_after(kPatience);
  int status = 0;
  const auto [connect_error] = co_await stream.async_connect(endpoint_, kTuple);
  if (!connect_error) {
    http::request<http::string_body> request{http::verb::post, path_, 11};
    request.set(http::field::host, "localhost");
    request.set(http::field::content_type, "application/json");
    for (const auto& [name, value] : notification.headers) request.set(name, value);
    request.body() = std::move(notification.body);
    request.prepare_payload();
    const auto [write_error, written] = co_await http::async_write(stream, request, kTuple);
    boost::beast::flat_buffer buffer;
    http::response<http::string_body> response;
    if (!write_error) {
      const auto [read_error, read] = co_await http::async_read(stream, buffer, response, kTuple);
      if (!read_error) status = static_cast<int>(response.result_int());
    }
  }
  ++answers_[status];
  co_return status;
}

asio::awaitable<int> Notifier::send_odd(std::string kind) {
  const json::object user{{"appid", appid_}, {"openid", "o-nobody-knows"}, {"coupon_code", "1"}};
  Notification odd = make("PRODUCT_COUPON.SEND", user);
  if (kind == "forged") {
    odd.headers[2].second = sign(keys_.brand, "something else");
  } else if (kind == "damaged") {
    odd.body[odd.body.size() / 2] ^= 1;
  } else if (kind == "probe") {
    odd.headers[2].second = "WECHATPAY/SIGNTEST/" + odd.headers[2].second.substr(19);
  } else if (kind == "stale") {
    odd = signed_one(odd.body, now() - kTooOld);
  } else if (kind == "strange") {
    odd = signed_one(R"({"id":"1","event_type":"TRANSACTION.SUCCESS","resource":{}})", now());
  } else if (kind == "replayed") {
    odd = last_;
  } else if (kind == "repeated") {
    odd = signed_one(last_.body, now());
  } else if (kind != "stranger") {
    throw std::invalid_argument(
        "kind is none of forged, damaged, probe, stale, strange, stranger, replayed, repeated");
  }
  const int status = co_await post(std::move(odd));
  co_return status;
}

json::object Notifier::stats() const {
  json::object stats;
  for (const auto& [status, count] : answers_) stats[std::to_string(status)] = count;
  return stats;
}

}  // namespace couponsync::sandbox
