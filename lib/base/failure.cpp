#include "base/failure.h"

#include <algorithm>
#include <array>

namespace couponsync {
namespace {

using enum FailureKind;
using enum Remedy;
using enum OfDomain;
using enum OfBookmark;
using enum Again;

constexpr std::array kRules{
    FailureRule{out_of_descriptors, "OUT_OF_DESCRIPTORS", repeat, nothing, keep, backoff,
                "allow more open files (LimitNOFILE= in the unit, ulimit -n elsewhere) or lower "
                "sync.concurrency; repeated by itself"},
    FailureRule{resolve_failed, "RESOLVE_FAILED", repeat, is_down, keep, backoff, "check the machine's DNS"},
    FailureRule{connect_failed, "CONNECT_FAILED", repeat, is_down, keep, backoff,
                "check the network and the firewall"},
    FailureRule{tls_failed, "TLS_FAILED", repeat, is_down, keep, backoff,
                "check api.ca_file, the machine's CA certificates and its clock"},
    FailureRule{timed_out, "TIMED_OUT", repeat, is_down, keep, backoff,
                "see api.request_timeout and api.connect_timeout"},
    FailureRule{connection_lost, "CONNECTION_LOST", repeat, is_down, keep, backoff,
                "passing; repeated by itself"},
    FailureRule{connection_stale, "CONNECTION_STALE", repeat_at_once, nothing, keep, backoff,
                "passing; repeated by itself"},
    FailureRule{reply_too_large, "REPLY_TOO_LARGE", fail_listing, nothing, keep, backoff,
                "raise api.max_response_bytes or lower api.page_size"},
    FailureRule{malformed_reply, "MALFORMED_REPLY", repeat, is_down, keep, backoff,
                "passing; repeated by itself"},
    FailureRule{signature_missing, "SIGNATURE_MISSING", repeat, unproven, keep, backoff,
                "a proxy may be answering instead of WeChat Pay"},
    FailureRule{signature_wrong, "SIGNATURE_WRONG", repeat, unproven, keep, backoff,
                "check credentials.wechatpay_public_key_file and credentials.wechatpay_public_key_id"},
    FailureRule{reply_replayed, "REPLY_REPLAYED", repeat, unproven, keep, backoff,
                "something between here and WeChat Pay may be repeating old replies"},
    FailureRule{clock_skew, "CLOCK_SKEW", repeat, unproven, keep, backoff, "set this machine's clock"},
    FailureRule{undecodable, "UNDECODABLE", fail_listing, works, keep, backoff,
                "report it with the Request-ID"},
    FailureRule{not_a_listing, "NOT_A_LISTING", repeat, works, keep, backoff,
                "passing; repeated by itself; if it stays, report it with the Request-ID"},
    FailureRule{bad_request, "BAD_REQUEST", fail_listing, works, keep, interval,
                "check this watchlist group's members"},
    FailureRule{page_token_rejected, "PAGE_TOKEN_REJECTED", restart_listing, works, drop, backoff,
                "the listing is read again from its start"},
    FailureRule{credentials_refused, "CREDENTIALS_REFUSED", stop_sending, works, keep, backoff,
                "check brand_id, credentials.certificate_serial, the private key and this machine's clock"},
    FailureRule{permission_refused, "PERMISSION_REFUSED", stop_sending, works, keep, backoff,
                "ask WeChat Pay for the product coupon permission of this brand"},
    FailureRule{not_found, "NOT_FOUND", fail_listing, works, keep, interval,
                "check this watchlist group's product_coupon_id and stock_id"},
    FailureRule{rate_limited, "RATE_LIMITED", repeat_when_paced, works, keep, backoff,
                "passing; sending slows down by itself"},
    FailureRule{server_error, "SERVER_ERROR", repeat, is_down, keep, backoff, "passing; repeated by itself"},
    FailureRule{
        unexpected_status, "UNEXPECTED_STATUS", repeat, is_down, keep, backoff,
        "passing; repeated by itself; if it stays, check api.primary, api.backup and what stands between here"
        " and WeChat Pay"},
    FailureRule{repeated_page_token, "REPEATED_PAGE_TOKEN", restart_listing, works, drop, backoff,
                "report it with the Request-ID"},
    FailureRule{too_many_pages, "TOO_MANY_PAGES", fail_listing, works, drop, backoff,
                "report it with the Request-ID"},
    FailureRule{inconsistent_listing, "INCONSISTENT_LISTING", restart_listing, works, keep, backoff,
                "passing if coupons came or went just then; else report it with the Request-ID"},
    FailureRule{mirror_unwritable, "MIRROR_UNWRITABLE", stop_writing, nothing, keep, backoff,
                "make room for the mirror and see that its folder and file can be written"},
    FailureRule{mirror_damaged, "MIRROR_DAMAGED", end, nothing, keep, backoff,
                "restore the mirror from a copy, or move it away to have it read anew"},
    FailureRule{mirror_gone, "MIRROR_GONE", end, nothing, keep, backoff,
                "nobody may move, remove or replace the mirror's files while couponsyncd runs"},
};

constexpr bool rules_are_in_order() {
  for (std::size_t i = 0; i < kRules.size(); ++i)
    if (static_cast<std::size_t>(kRules[i].kind) != i) return false;
  return true;
}
static_assert(rules_are_in_order());
static_assert(kRules.size() == static_cast<std::size_t>(mirror_gone) + 1);

}  // namespace

const FailureRule& rule_of(FailureKind kind) { return kRules[static_cast<std::size_t>(kind)]; }

std::string describe(const Failure& failure) {
  std::string text(failure.rule().name);
  if (failure.status != 0) text += ", HTTP " + std::to_string(failure.status);
  if (!failure.code.empty()) text += " " + failure.code;
  if (!failure.detail.empty()) text += ": " + failure.detail;
  if (!failure.request_id.empty()) text += " (Request-ID " + failure.request_id + ")";
  return text;
}

void throw_exception_from_error(const Failure& failure, const boost::source_location&) {
  throw UnexpectedFailure(failure);
}

}  // namespace couponsync
