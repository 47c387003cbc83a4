#pragma once

#include <boost/assert/source_location.hpp>
#include <boost/system/result.hpp>

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace couponsync {

/// Everything that can go wrong any minute while listings are read. `rule_of` says what to do about each.
enum class FailureKind {
  // Our own side lacks what a call needs.
  out_of_descriptors,
  // The domain could not be reached or the exchange broke off.
  resolve_failed,
  connect_failed,
  tls_failed,
  timed_out,
  connection_lost,
  connection_stale,
  // A reply came but may not be used.
  reply_too_large,
  malformed_reply,
  signature_missing,
  signature_wrong,
  reply_replayed,
  clock_skew,
  undecodable,
  not_a_listing,
  // The API answered with an error.
  bad_request,
  page_token_rejected,
  credentials_refused,
  permission_refused,
  not_found,
  rate_limited,
  server_error,
  unexpected_status,
  // The listing as a whole makes no sense.
  repeated_page_token,
  too_many_pages,
  inconsistent_listing,
  // Our own side.
  mirror_unwritable,
  mirror_damaged,
  mirror_gone,
};

/// What is done about a failure.
enum class Remedy {
  repeat_when_paced,  ///< the same request again as soon as the pacer allows, as often as it takes
  repeat,             ///< the same page again after a backoff, on the other domain, a few times
  repeat_at_once,     ///< the same page again as soon as the pacer allows, signed anew; nobody is to blame
  restart_listing,    ///< drop the bookmark and read the listing from its start, once
  fail_listing,       ///< this listing fails, the others go on
  stop_sending,       ///< no listing can succeed: stop, tell the operator, probe seldom
  stop_writing,       ///< the mirror does not take rows: stop reading, nothing may be lost
  end,                ///< the mirror can never take rows again: end, loudly
};

/// What a failure says of the domain that was called.
enum class OfDomain {
  nothing,   ///< it met the call before the domain did, or whatever the domain
  works,     ///< it answered, though not with a page
  is_down,   ///< evidence that it is down
  unproven,  ///< whoever answered may not be WeChat Pay
};

/// What becomes of the listing's bookmark if the failure ends its reading.
enum class OfBookmark {
  keep,  ///< the reading goes on there
  drop,  ///< it would only fail there again
};

/// When a listing that failed is read again.
enum class Again {
  backoff,   ///< soon at first, and later and later
  interval,  ///< nothing mends it but a change of the configuration or of the brand's coupons
};

struct FailureRule {
  FailureKind kind;
  std::string_view name;  ///< what `listing.last_error_code` says where the API gave no code of its own
  Remedy remedy;
  OfDomain of_domain;
  OfBookmark of_bookmark;
  Again again;
  std::string_view advice;  ///< what the operator can do about it
};

/// The one table of failures.
const FailureRule& rule_of(FailureKind kind);

/// The mirror takes no rows, for now or for good.
inline bool is_of_mirror(Remedy remedy) { return remedy == Remedy::stop_writing || remedy == Remedy::end; }

/// One failure. No member ever holds an openid, a coupon code, a key, a nonce or a signature.
struct Failure {
  FailureKind kind = FailureKind::server_error;
  std::string detail{};      ///< what happened, for people
  int status = 0;            ///< HTTP status, 0 where there was no reply
  std::string code{};        ///< the API's own error code, e.g. RATELIMIT_EXCEEDED
  std::string request_id{};  ///< the reply's Request-ID
  std::optional<std::chrono::milliseconds> retry_after{};  ///< the reply's Retry-After

  const FailureRule& rule() const { return rule_of(kind); }
  /// The API's code, or the rule's name.
  std::string_view code_or_name() const { return code.empty() ? rule().name : std::string_view(code); }
};

/// One line for people: name, status, code, detail and Request-ID, as far as there are any.
std::string describe(const Failure& failure);

template <class T = void>
using Result = boost::system::result<T, Failure>;

/// What `Result::value()` throws; code that can meet a failure asks first.
class UnexpectedFailure : public std::logic_error {
 public:
  explicit UnexpectedFailure(const Failure& failure) : std::logic_error(describe(failure)) {}
};

[[noreturn]] void throw_exception_from_error(const Failure& failure, const boost::source_location& where);

}  // namespace couponsync
