#include "api/notification.h"

#include "api/base64.h"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <array>
#include <optional>
#include <string_view>

namespace couponsync {
namespace {

namespace json = boost::json;

constexpr std::string_view kAlgorithm = "AEAD_AES_256_GCM";
/// A brand's, and a partner's.
constexpr std::array<std::string_view, 2> kOfACoupon{"PRODUCT_COUPON.", "PRODUCT_COUPON_SP."};
constexpr std::size_t kLongestName = 128;

std::optional<json::object> object_of(std::string_view text) {
  boost::system::error_code error;
  json::value value = json::parse(json::string_view(text.data(), text.size()), error);
  if (error || !value.is_object()) return std::nullopt;
  return std::move(value.get_object());
}

/// Empty if it is no text.
std::string_view text_of(const json::object& object, std::string_view member) {
  const json::value* value = object.if_contains(json::string_view(member.data(), member.size()));
  if (value == nullptr || !value->is_string()) return {};
  return {value->get_string().data(), value->get_string().size()};
}

bool is_of_a_coupon(std::string_view event_type) {
  for (const std::string_view prefix : kOfACoupon)
    if (event_type.starts_with(prefix)) return true;
  return false;
}

Failure unopened(std::string detail) {
  return {.kind = FailureKind::undecodable, .detail = std::move(detail)};
}

/// The resource in plain text.
Result<std::string> open(const json::object& resource, const ApiV3Key& key) {
  if (text_of(resource, "algorithm") != kAlgorithm)
    return unopened("the resource is not encrypted with " + std::string(kAlgorithm));
  const std::optional<std::string> sealed = base64_decode(text_of(resource, "ciphertext"));
  if (!sealed) return unopened("the resource's ciphertext is not Base64");
  std::optional<std::string> plain =
      key.open(*sealed, text_of(resource, "nonce"), text_of(resource, "associated_data"));
  if (!plain) return unopened("the APIv3 key does not open the resource: is it the one set in the console?");
  return std::move(*plain);
}

Notification news_in(std::string_view plain) {
  Notification notification;
  const std::optional<json::object> coupon = object_of(plain);
  if (!coupon) return notification;
  const std::string_view openid = text_of(*coupon, "openid");
  if (openid.empty() || openid.size() > kLongestName) return notification;
  notification.kind = Notification::Kind::news;
  notification.openid = Openid(std::string(openid));
  notification.appid = text_of(*coupon, "appid");
  return notification;
}

}  // namespace

Result<Notification> NotificationReader::read(std::vector<HttpHeader> headers, std::string body,
                                              UnixSeconds now) {
  HttpReply message;
  message.headers = std::move(headers);
  message.body = std::move(body);
  const Result<> verified = verifier_.verify(message, now);
  if (verified.has_error() && verified.error().kind == FailureKind::reply_replayed)
    return Notification{.kind = Notification::Kind::repetition};
  if (verified.has_error()) return verified.error();

  const std::optional<json::object> envelope = object_of(message.body);
  if (!envelope || !is_of_a_coupon(text_of(*envelope, "event_type"))) return Notification{};
  const json::value* resource = envelope->if_contains("resource");
  if (resource == nullptr || !resource->is_object()) return Notification{};
  const Result<std::string> plain = open(resource->get_object(), *key_);
  if (plain.has_error()) return plain.error();
  const std::string_view id = text_of(*envelope, "id");
  if (!id.empty() && !seen_.is_first(id)) return Notification{.kind = Notification::Kind::repetition};
  return news_in(*plain);
}

}  // namespace couponsync
