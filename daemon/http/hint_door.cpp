#include "http/hint_door.h"

#include "configuration/value_rules.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>
#include <vector>

namespace couponsync::daemon {
namespace {

namespace json = boost::json;

constexpr std::string_view kHint = "/hint";
constexpr std::string_view kNotify = "/notify";

constexpr int kOk = 200;
constexpr int kNoContent = 204;
constexpr int kBadRequest = 400;
constexpr int kUnauthorized = 401;
constexpr int kForbidden = 403;
constexpr int kMisdirected = 421;
constexpr int kUnsupportedMediaType = 415;
constexpr int kUnavailable = 503;

constexpr const char* kKnown = "known";            // the user is read next
constexpr const char* kUnknown = "unknown";        // on no watchlist
constexpr const char* kRepeated = "repeated";      // a notification that came before
constexpr const char* kUnrelated = "unrelated";    // a notification of something else
constexpr const char* kUnverified = "unverified";  // a notification that is not WeChat Pay's

constexpr std::array<std::string_view, 3> kLoopbackNames{"localhost", "127.0.0.1", "[::1]"};

const char* label_of(HintSource source) { return source == HintSource::request ? "hint" : "notify"; }

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

/// "application/json; charset=utf-8" is JSON as well.
bool is_json(std::string_view content_type) {
  std::string type = lower_case(content_type.substr(0, content_type.find(';')));
  while (type.ends_with(' ') || type.ends_with('\t')) type.pop_back();
  return type == "application/json";
}

std::string_view without_port(std::string_view host) {
  const std::size_t colon = host.rfind(':');
  const std::size_t bracket = host.rfind(']');
  if (colon == std::string_view::npos) return host;
  return bracket == std::string_view::npos || colon > bracket ? host.substr(0, colon) : host;
}

/// What a program of the brand's hints at.
struct HintedUsers {
  std::string appid;
  std::vector<std::string> openids;
};

/// Says what is wrong with it, or gives nothing wrong.
std::string read_hint(std::string_view body, HintedUsers& users) {
  boost::system::error_code error;
  const json::value value = json::parse({body.data(), body.size()}, error);
  if (error || !value.is_object())
    return R"(the body is no JSON object such as {"appid": "wx...", "openids": ["o..."]})";
  const json::object& object = value.get_object();
  for (const json::key_value_pair& member : object)
    if (member.key() != "appid" && member.key() != "openids")
      return "there are appid and openids, and no other member";
  if (const json::value* appid = object.if_contains("appid"); appid != nullptr && !appid->is_null()) {
    if (!appid->is_string() || !is_identifier(std::string_view(appid->get_string())))
      return std::string("/appid: allowed is ") + kIdentifierAllowed;
    users.appid = std::string(appid->get_string());
  }
  const json::value* openids = object.if_contains("openids");
  if (openids == nullptr || !openids->is_array()) return "/openids: is missing, or no list";
  for (std::size_t i = 0; i < openids->get_array().size(); ++i) {
    const json::value& openid = openids->get_array()[i];
    if (!openid.is_string() || !is_identifier(std::string_view(openid.get_string())))
      return "/openids/" + std::to_string(i) + ": allowed is " + kIdentifierAllowed;
    users.openids.emplace_back(openid.get_string());
  }
  return "";
}

}  // namespace

HintDoor::HintDoor(Deps deps)
    : deps_(std::move(deps)),
      hints_(prometheus::BuildCounter()
                 .Name("couponsyncd_hints_total")
                 .Help("Users that were hinted at, and notifications, by what became of them.")
                 .Register(deps_.registry)) {
  for (const char* outcome : {kKnown, kUnknown}) count(HintSource::request, outcome, 0);
  for (const char* outcome : {kKnown, kUnknown, kRepeated, kUnrelated, kUnverified})
    count(HintSource::notification, outcome, 0);
}

bool HintDoor::is_at(std::string_view path) { return path == kHint || path == kNotify; }

void HintDoor::count(HintSource source, const char* outcome, int times) {
  hints_.Add({{"source", label_of(source)}, {"outcome", outcome}}).Increment(times);
}

WebPage HintDoor::post(WebRequest request) {
  std::optional<WebPage> refusal = refusal_of(request);
  if (refusal) return std::move(*refusal);
  return request.path == kHint ? hint(request) : notify(std::move(request));
}

bool HintDoor::is_own_host(std::string_view host) const {
  const std::string name = lower_case(without_port(host));
  return std::ranges::find(kLoopbackNames, name) != kLoopbackNames.end() ||
         (!address_.empty() && lower_case(host) == lower_case(address_));
}

std::optional<WebPage> HintDoor::refusal_of(const WebRequest& request) const {
  if (!is_own_host(request.header("Host").value_or("")))
    return plain_page(kMisdirected, "Host must be localhost, 127.0.0.1, [::1] or what http.listen says");
  if (request.header("Origin")) return plain_page(kForbidden, "this is not for web pages");
  if (!is_json(request.header("Content-Type").value_or("")))
    return plain_page(kUnsupportedMediaType, "Content-Type must be application/json");
  return std::nullopt;
}

bool HintDoor::take(std::string_view appid, const Openid& openid, HintSource source) {
  const bool is_known = deps_.hint(appid, openid, source);
  count(source, is_known ? kKnown : kUnknown);
  if (!is_known)
    deps_.log->log(strangers_.allows(deps_.env.steady_now()) ? spdlog::level::warn : spdlog::level::debug,
                   "a hint is of user {}, who is on no watchlist", openid.redacted());
  return is_known;
}

WebPage HintDoor::hint(const WebRequest& request) {
  HintedUsers users;
  const std::string problem = read_hint(request.body, users);
  if (!problem.empty()) return plain_page(kBadRequest, problem);
  std::int64_t known = 0;
  for (std::string& openid : users.openids)
    if (take(users.appid, Openid(std::move(openid)), HintSource::request)) ++known;
  const auto all = static_cast<std::int64_t>(users.openids.size());
  WebPage page;
  page.status = kOk;
  page.content_type = "application/json";
  page.body = json::serialize(json::object{{"read_next", known}, {"unknown", all - known}}) + "\n";
  return page;
}

WebPage HintDoor::notify(WebRequest request) {
  if (!notifications_)
    return plain_page(kUnavailable,
                      "credentials.api_v3_key_file is not configured: no notification can be read");
  const Result<Notification> read = notifications_->read(std::move(request.headers), std::move(request.body),
                                                         to_unix_seconds(deps_.env.wall_now()));
  if (read.has_error()) {
    refuse(read.error());
    return plain_page(kUnauthorized, "this is no notification of WeChat Pay's for this brand");
  }
  switch (read->kind) {
    case Notification::Kind::news:
      take(read->appid, read->openid, HintSource::notification);
      break;
    case Notification::Kind::repetition:
      count(HintSource::notification, kRepeated);
      break;
    case Notification::Kind::unrelated:
      count(HintSource::notification, kUnrelated);
      break;
  }
  WebPage page;
  page.status = kNoContent;
  return page;
}

void HintDoor::refuse(const Failure& why) {
  count(HintSource::notification, kUnverified);
  deps_.log->log(refusals_.allows(deps_.env.steady_now()) ? spdlog::level::warn : spdlog::level::debug,
                 "a notification is not believed: {}", describe(why));
}

}  // namespace couponsync::daemon
