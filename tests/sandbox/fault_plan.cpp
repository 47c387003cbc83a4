#include "sandbox/fault_plan.h"

#include <boost/json/value_to.hpp>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace couponsync::sandbox {
namespace {

constexpr std::array<std::string_view, 41> kNames{"outage",
                                                  "hang",
                                                  "reset",
                                                  "truncated_body",
                                                  "html_502",
                                                  "html_503",
                                                  "html_504",
                                                  "system_error",
                                                  "wrong_signature",
                                                  "slow",
                                                  "huge_body",
                                                  "signtest_signature",
                                                  "redirect",
                                                  "not_found",
                                                  "missing_signature",
                                                  "no_auth",
                                                  "sign_error",
                                                  "wrong_serial",
                                                  "bad_request",
                                                  "rate_limited",
                                                  "stale_timestamp",
                                                  "broken_json",
                                                  "wrong_types",
                                                  "expired_token",
                                                  "repeated_token",
                                                  "endless_pages",
                                                  "empty_page_with_token",
                                                  "gzip_encoding",
                                                  "wrong_total_count",
                                                  "duplicate_entry",
                                                  "moving_rows",
                                                  "stale_keepalive",
                                                  "empty_token",
                                                  "html_404",
                                                  "html_421",
                                                  "html_425",
                                                  "error_as_success",
                                                  "broken_text",
                                                  "stale_after_reading",
                                                  "replayed_reply",
                                                  "extra_reply"};

/// Those that make sense only where there is, or is not, a page token, or on a connection that was used
/// before.
bool fits(const FaultRule& rule, const CallFacts& call) {
  if (rule.name == "expired_token" || rule.name == "repeated_token" || rule.name == "duplicate_entry" ||
      rule.name == "moving_rows")
    return call.has_page_token;
  if (rule.name == "stale_keepalive" || rule.name == "stale_after_reading") return call.reused_connection;
  if (rule.name == "wrong_total_count") return !call.has_page_token;
  return rule.name != "outage";
}

bool matches(const FaultRule& rule, const CallFacts& call) {
  return (rule.domain == "both" || rule.domain == call.domain) &&
         (rule.openid.empty() || rule.openid == call.openid) && (!rule.page || *rule.page == call.page) &&
         (!rule.count || *rule.count > 0) && fits(rule, call);
}

}  // namespace

FaultRule parse_fault(const boost::json::object& object) {
  FaultRule rule;
  rule.details = object;
  for (const auto& member : object) {
    const std::string_view name(member.key().data(), member.key().size());
    const boost::json::value& value = member.value();
    if (name == "fault")
      rule.name = boost::json::value_to<std::string>(value);
    else if (name == "domain")
      rule.domain = boost::json::value_to<std::string>(value);
    else if (name == "openid")
      rule.openid = boost::json::value_to<std::string>(value);
    else if (name == "page")
      rule.page = value.to_number<std::int64_t>();
    else if (name == "count")
      rule.count = value.to_number<std::int64_t>();
    else if (name == "probability")
      rule.probability = value.to_number<double>();
    else if (name != "retry_after_s" && name != "ms")
      throw std::invalid_argument("unknown member " + std::string(name));
  }
  if (std::ranges::find(kNames, rule.name) == kNames.end())
    throw std::invalid_argument("unknown fault " + rule.name);
  if (rule.domain != "primary" && rule.domain != "backup" && rule.domain != "both")
    throw std::invalid_argument("domain is none of primary, backup, both");
  return rule;
}

std::optional<FaultRule> FaultPlan::take(const CallFacts& call) {
  for (FaultRule& rule : rules_) {
    if (!matches(rule, call)) continue;
    if (rule.probability < 1 && std::uniform_real_distribution<double>(0, 1)(random_) >= rule.probability)
      continue;
    if (rule.count) --*rule.count;
    return rule;
  }
  return std::nullopt;
}

bool FaultPlan::is_out(std::string_view domain) const {
  return std::ranges::any_of(rules_, [domain](const FaultRule& rule) {
    return rule.name == "outage" && (rule.domain == "both" || rule.domain == domain);
  });
}

}  // namespace couponsync::sandbox
