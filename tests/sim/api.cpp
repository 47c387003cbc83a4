#include "sim/api.h"

#include "api/base64.h"
#include "base/coupon_state.h"
#include "sim/fast_keys.h"

#include <fmt/format.h>

#include <algorithm>

namespace couponsync::sim {
namespace {

using std::chrono::seconds;

/// One that names all of the coupon in both editions: rounds in a list, or a coupon a round.
std::string entry_of(const Truth::Held& coupon) {
  std::string details;
  const int uses = 1 + coupon.version % 3;
  if (coupon.stock == "stock-1") {
    for (int i = 0; i < uses; ++i)
      details +=
          fmt::format(R"({}{{"detail_state":"EFFECTIVE","use_request_no":"u{}"}})", i == 0 ? "" : ",", i);
    details = fmt::format(
        R"("sequential_usage_detail":{{"total_count":9,"used_count":{},"detail_item_list":[{}]}})",
        coupon.version, details);
  } else {
    // Each has one row of usage_detail.
    constexpr std::array<std::string_view, 3> kModes{"single_usage_detail", "progressive_bundle_usage_detail",
                                                     "sequential_usage_detail"};
    for (int i = 0; i < uses; ++i)
      details += i == 2 ? R"(,"sequential_usage_detail":{"detail_item_list":[{"use_request_no":"s"}]})"
                        : fmt::format(R"({}"{}":{{"use_request_no":"u{}"}})", i == 0 ? "" : ",",
                                      kModes[static_cast<std::size_t>(i)], coupon.version);
  }
  return fmt::format(
      R"({{"coupon_code":"{}","coupon_state":"{}","attach":"v{}",{},"stock":{{"stock_id":"{}","product_coupon_id":"{}"}},"product_coupon":{{"product_coupon_id":"{}"}}}})",
      coupon.code, kCouponStates[coupon.state], coupon.version, details, coupon.stock,
      product_of(coupon.stock), product_of(coupon.stock));
}

}  // namespace

/// A call's place among those in flight.
class Api::Flight {
 public:
  explicit Flight(Api& api) : api_(api) { ++api_.in_flight_; }
  Flight(const Flight&) = delete;
  Flight& operator=(const Flight&) = delete;
  ~Flight() { --api_.in_flight_; }

 private:
  Api& api_;
};

void Api::begin(const Event& event) {
  const InForce in_force{event, deps_.env.steady_now() + event.lasts};
  switch (event.kind) {
    case Event::Kind::fault:
      faults_.push_back(in_force);
      return;
    case Event::Kind::slow_replies:
      slow_ = in_force;
      return;
    case Event::Kind::quota:
      quota_ = in_force;
      return;
    default:
      user_limit_ = in_force;
  }
}

void Api::end_all() {
  faults_.clear();
  slow_.reset();
  quota_.reset();
  user_limit_.reset();
}

std::optional<Event> Api::fault_for(const Call& call) {
  std::erase_if(faults_, [&](const InForce& fault) { return fault.until < deps_.env.steady_now(); });
  for (const InForce& fault : faults_) {
    const Event& event = fault.event;
    if (event.domain && *event.domain != call.domain) continue;
    if (event.user >= 0 && openid_of(event.user) != call.key.openid.reveal()) continue;
    if (Random(event.dice + call.number).chance(event.chance)) return event;
  }
  return std::nullopt;
}

/// A bucket that leaks at the pace: what is in it was sent too early.
void Api::watch_pace() {
  constexpr double kBurst = 20;
  const SteadyTime at = deps_.env.steady_now();
  const double leaked = std::chrono::duration<double>(at - last_call_).count() * most_per_second_;
  above_pace_ = std::max(0.0, above_pace_ - leaked) + 1;
  last_call_ = at;
  if (above_pace_ > kBurst) deps_.violated("calls go faster than max_requests_per_second");
}

/// In a sliding window of a second, ten seconds or a minute.
bool Api::is_over_quota(const Call& call) {
  const SteadyTime at = deps_.env.steady_now();
  const auto exceeds = [&](std::optional<InForce>& limit, std::deque<SteadyTime>& accepted) {
    if (!limit || limit->until < at) return false;
    constexpr std::array<int, 3> kWindows{1, 10, 60};
    const seconds window{kWindows[limit->event.dice % 3]};
    while (!accepted.empty() && at - accepted.front() >= window) accepted.pop_front();
    if (std::ssize(accepted) >= limit->event.amount) return true;
    accepted.push_back(at);
    return false;
  };
  if (exceeds(quota_, accepted_)) return true;
  return user_limit_ && openid_of(user_limit_->event.user) == call.key.openid.reveal() &&
         exceeds(user_limit_, accepted_of_user_);
}

milliseconds Api::latency_of(std::uint64_t number) const {
  Random random(schedule_.seed * 31 + number);
  auto latency = static_cast<double>(schedule_.latency.count()) * (0.5 + random.unit());
  if (random.chance(0.03)) latency *= 10;  // a tail
  if (slow_ && slow_->until >= deps_.env.steady_now()) latency = latency * 5 + 2000 * random.unit();
  return milliseconds(std::min<std::int64_t>(static_cast<std::int64_t>(latency), 9'000));
}

Task<Result<HttpReply>> Api::send(Domain domain, HttpRequest request) {
  const Call call{test::read_page_request(request), ++calls_, domain};
  if (!nonces_.insert(call.nonce).second) deps_.violated("a nonce was used twice");
  if (domain == Domain::backup && !schedule_.has_backup) deps_.violated("there is no backup to be called");
  if (deps_.env.steady_now() < asked_to_wait_until_)
    deps_.violated("a call does not wait as Retry-After asked for");
  if (call.page_token.empty()) ++first_pages[call.key];
  watch_pace();
  const Flight flight(*this);
  deps_.trace([&] {
    return fmt::format("call {} to {}: {} {} {} page '{}'", call.number, name_of(domain),
                       call.key.openid.reveal(), call.key.stock_id + call.key.product_coupon_id,
                       call.key.coupon_state, call.page_token);
  });
  const milliseconds there = latency_of(call.number * 2);
  const SteadyTime arrives = deps_.env.steady_now() + there;
  co_await deps_.env.sleep_until(arrives);

  const std::optional<Event> struck_by =
      fault_for(call);  // those in force may be others when the reply comes
  const Event* fault = struck_by ? &*struck_by : nullptr;
  Shown shown;
  std::optional<Result<HttpReply>> reply;
  if (fault != nullptr) reply = struck(call, *fault);
  if (fault != nullptr && reply) ++deps_.counts[std::string(rule_of(fault->failure).name)];
  if (!reply && std::abs(call.signed_at - to_unix_seconds(now())) > 300) reply = error(401, "SIGN_ERROR");
  if (!reply && is_over_quota(call)) reply = refused_as_too_fast(call);
  if (!reply) reply = page_for(call, fault, shown);
  const bool hangs = reply->has_error() && reply->error().kind == FailureKind::timed_out;
  milliseconds back = latency_of(call.number * 2 + 1);
  if (hangs) back = milliseconds(20'000);
  const SteadyTime comes = deps_.env.steady_now() + back;
  co_await deps_.env.sleep_until(comes);
  deps_.trace([&] {
    return fmt::format("reply {}: {}", call.number,
                       reply->has_error()
                           ? describe(reply->error())
                           : std::to_string((*reply)->status) + " " + (*reply)->body.substr(0, 40));
  });
  // A limit for all that all meet: it may be one listing's own otherwise.
  if (fault != nullptr && fault->failure == FailureKind::rate_limited && fault->chance == 1 &&
      fault->user < 0 && !fault->domain && reply->has_value() && (*reply)->header("Retry-After"))
    asked_to_wait_until_ = deps_.env.steady_now() +
                           seconds(std::min(60, std::stoi(std::string(*(*reply)->header("Retry-After")))));
  if (shown.sent != 0) {
    replies_[{call.key, call.page_token}] = **reply;
    deps_.oracle.given(std::move(shown));
  }
  co_return std::move(*reply);
}

HttpReply Api::signed_reply(std::string body, WallTime at) {
  const std::string nonce = "N" + std::to_string(++replies_signed_);
  return test::signed_reply(std::move(body), at,
                            {.request_id = "R" + nonce, .nonce = nonce, .public_key_id = "PUB_KEY_ID_SIM"},
                            [](const std::string& text) { return base64_encode(fast_signature(text)); });
}

HttpReply Api::error(int status, std::string_view code) {
  HttpReply reply;
  reply.status = status;
  reply.headers = {{"Request-ID", "R" + std::to_string(++replies_signed_)}};
  if (!code.empty()) reply.body = fmt::format(R"({{"code":"{}","message":"as asked"}})", code);
  reply.wire_bytes = reply.body.size();
  return reply;
}

HttpReply Api::refused_as_too_fast(const Call& call) {
  ++deps_.counts["RATE_LIMITED by a quota"];
  HttpReply reply = error(429, "RATELIMIT_EXCEEDED");
  if (Random(schedule_.seed + call.number).chance(0.05)) reply.headers.push_back({"Retry-After", "3"});
  return reply;
}

HttpReply Api::page_for(const Call& call, const Event* fault, Shown& shown) {
  const std::vector<const Truth::Held*> listed = deps_.world.listed(call.key);
  const std::size_t from = call.page_token.empty() ? 0 : std::stoul(call.page_token);
  const std::size_t end = std::min(listed.size(), from + call.page_size);
  const auto has = [&](FailureKind kind) { return fault != nullptr && fault->failure == kind; };
  shown = {.sent = call.number,
           .key = call.key,
           .is_first = call.page_token.empty(),
           .next_token = {},
           .coupons = {}};
  std::string entries;
  for (std::size_t i = from; i < end; ++i) {
    Truth::Held as_it_looks = *listed[i];
    as_it_looks.version = std::min(as_it_looks.version, last_version_);
    entries += (entries.empty() ? "" : ",") + entry_of(as_it_looks);
    shown.coupons.push_back(*listed[i]);
  }
  std::string body = fmt::format(R"({{"user_coupon_list":[{}])", entries);
  std::size_t total = listed.size();
  if (has(FailureKind::inconsistent_listing)) total += 1 + call.number % 2;
  if (call.page_token.empty()) body += fmt::format(R"(,"total_count":{})", total);
  std::string token;
  if (end < listed.size()) token = fmt::format("{}~{}", end, ++tokens_);
  if (has(FailureKind::too_many_pages)) token = fmt::format("{}~{}", listed.size(), ++tokens_);
  if (has(FailureKind::repeated_page_token) && !call.page_token.empty()) token = call.page_token;
  if (!token.empty()) body += fmt::format(R"(,"next_page_token":"{}")", token);
  shown.next_token = token == call.page_token ? "" : token;
  HttpReply reply = signed_reply(body + "}", now());
  return reply;
}

/// What comes instead; nothing where the page itself is spoilt.
std::optional<Result<HttpReply>> Api::struck(const Call& call, const Event& fault) {
  using enum FailureKind;
  const auto failed = [&](std::string detail) -> Result<HttpReply> {
    return Failure{.kind = fault.failure, .detail = std::move(detail)};
  };
  switch (fault.failure) {
    case out_of_descriptors:
    case resolve_failed:
    case connect_failed:
    case tls_failed:
    case timed_out:
    case connection_lost:
    case connection_stale:
    case reply_too_large:
    case malformed_reply:
      return failed("as the schedule has it");
    case signature_missing: {
      HttpReply reply = signed_reply("{}", now());
      std::erase_if(reply.headers,
                    [](const HttpHeader& header) { return header.name.starts_with("Wechatpay"); });
      return reply;
    }
    case signature_wrong: {
      HttpReply reply = signed_reply(R"({"total_count":0,"user_coupon_list":[]})", now());
      reply.headers[3].value =
          call.number % 2 == 0 ? "WECHATPAY/SIGNTEST/x" : base64_encode("something else");
      return reply;
    }
    case reply_replayed: {
      const auto known = replies_.find({call.key, call.page_token});
      if (known == replies_.end()) return std::nullopt;
      return known->second;
    }
    case clock_skew:
      return signed_reply(R"({"total_count":0,"user_coupon_list":[]})", now() - seconds(4000));
    case undecodable:
      return signed_reply(R"({"user_coupon_list":[{"coupon_code")", now());
    case not_a_listing:
      return signed_reply("{}", now());
    case bad_request:
      if (!call.page_token.empty()) return std::nullopt;
      return error(400, "PARAM_ERROR");
    case page_token_rejected:
      if (call.page_token.empty()) return std::nullopt;
      return error(400, "PARAM_ERROR");
    case credentials_refused:
      return error(401, "SIGN_ERROR");
    case permission_refused:
      return error(403, "NO_AUTH");
    case not_found:
      return error(404, "NOT_FOUND");
    case rate_limited: {
      HttpReply reply = error(429, "RATELIMIT_EXCEEDED");
      if (fault.dice % 3 == 0) reply.headers.push_back({"Retry-After", std::to_string(1 + fault.dice % 90)});
      return reply;
    }
    case server_error:
      return error(fault.dice % 2 == 0 ? 500 : 503, fault.dice % 2 == 0 ? "SYSTEM_ERROR" : "");
    case unexpected_status:
      return error(fault.dice % 2 == 0 ? 302 : 418, "");
    default:
      ++deps_.counts[std::string(rule_of(fault.failure).name)];
      return std::nullopt;
  }
}

}  // namespace couponsync::sim
