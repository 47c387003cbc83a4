#include "sync/client.h"

#include <algorithm>
#include <array>
#include <utility>

namespace couponsync {
namespace {

using std::chrono::milliseconds;

/// The longest wait before the second, third, ... attempt; WeChat Pay advises 1 s, 2 s, 4 s.
constexpr std::array kBackoffCaps{milliseconds(1000), milliseconds(2000), milliseconds(4000),
                                  milliseconds(8000)};
constexpr milliseconds kBackoffFloor{200};
constexpr milliseconds kRetryAfterCap{10'000};

Domain other(Domain domain) { return domain == Domain::primary ? Domain::backup : Domain::primary; }

bool is_verification_failure(FailureKind kind) {
  return kind == FailureKind::signature_missing || kind == FailureKind::signature_wrong ||
         kind == FailureKind::reply_replayed || kind == FailureKind::clock_skew;
}

/// A call whose reply is awaited: if it is cancelled, what was reserved for it is given back.
class CallInFlight {
 public:
  CallInFlight(Client::Parts& parts, Domain domain, SteadyTime sent_at)
      : parts_(parts), domain_(domain), sent_at_(sent_at) {
    parts_.events.call_started(domain_);
  }
  CallInFlight(const CallInFlight&) = delete;
  CallInFlight& operator=(const CallInFlight&) = delete;
  ~CallInFlight() {
    if (ended_) return;
    parts_.domains.abandoned(domain_);
    parts_.rate.unanswered(sent_at_, parts_.env.steady_now());
    parts_.events.call_cancelled(domain_);
  }
  void ended(const Result<FetchedPage>& page) {
    ended_ = true;
    std::optional<Failure> failure;
    if (page.has_error()) failure = page.error();
    parts_.events.call_ended(domain_, failure ? &*failure : nullptr, parts_.env.steady_now() - sent_at_);
  }

 private:
  Client::Parts& parts_;
  Domain domain_;
  SteadyTime sent_at_;
  bool ended_ = false;
};

}  // namespace

/// How one page's attempts have gone so far.
struct Client::Attempts {
  int failed = 0;                     ///< passing failures; a 429 is none
  std::optional<Domain> last_domain;  ///< of the last attempt
  std::optional<Domain> avoid;        ///< the domain the last attempt failed on
  bool in_outage = false;             ///< the last attempt was a try while no domain worked
  bool given_up = false;              ///< no domain has worked for too long
};

Client::Client(Parts parts, Exchange exchange, ClientOptions options,
               const boost::asio::any_io_executor& executor)
    : parts_(parts),
      exchange_(std::move(exchange)),
      options_(options),
      pacer_(parts.env, parts.rate, executor),
      gate_(executor),
      outage_(parts.env, parts.domains, executor) {}

Task<Result<FetchedPage>> Client::fetch(ListingKey key, std::optional<std::string> page_token) {
  Attempts attempts;
  for (;;) {
    Result<FetchedPage> page = co_await attempt(key, page_token, attempts);
    if (page.has_value()) co_return page;
    const Failure& failure = page.error();
    const Domain domain = attempts.last_domain.value_or(Domain::primary);
    if (failure.rule().remedy == Remedy::repeat_when_paced) {
      parts_.events.rate_limited(key, domain, failure);
      continue;
    }
    if (failure.rule().remedy == Remedy::repeat_at_once) {
      parts_.events.attempt_failed(key, domain, failure, milliseconds::zero());
      continue;
    }
    if (failure.rule().remedy != Remedy::repeat || attempts.given_up) co_return page;
    // A failed try of an outage says nothing about the page, and the gate says when the next one goes.
    if (!attempts.in_outage && ++attempts.failed >= options_.max_attempts) co_return page;
    ++parts_.counters.retries;
    const milliseconds wait = attempts.in_outage ? milliseconds::zero() : backoff(attempts, failure);
    parts_.events.attempt_failed(key, domain, failure, wait);
    const SteadyTime until = parts_.env.steady_now() + wait;
    if (wait > milliseconds::zero()) co_await parts_.env.sleep_until(until);
  }
}

Task<Result<FetchedPage>> Client::attempt(const ListingKey& key, const std::optional<std::string>& page_token,
                                          Attempts& attempts) {
  Result<SendingGate::Pass> pass = co_await gate_.enter();
  if (pass.has_error()) co_return pass.error();
  std::optional<OutageGate::Pass> way;
  SteadyTime sent_at;
  for (;;) {
    Result<OutageGate::Pass> entered = co_await outage_.enter();
    attempts.given_up = entered.has_error();
    if (entered.has_error()) co_return entered.error();
    way.emplace(std::move(*entered));
    sent_at = co_await pacer_.next_turn();
    // Many calls may have been waiting for their turn when the first refusal came, or the last domain went.
    if (!gate_.refusal() && (way->is_try() || !parts_.domains.all_avoided(sent_at))) break;
    parts_.rate.unanswered(sent_at, sent_at);
    if (gate_.refusal()) co_return *gate_.refusal();
  }
  attempts.in_outage = way->is_try();
  const Domain domain = parts_.domains.choose(sent_at, attempts.avoid ? &*attempts.avoid : nullptr);
  if (attempts.avoid && domain != *attempts.avoid) ++parts_.counters.failovers;
  attempts.last_domain = domain;
  ++parts_.counters.requests;

  CallInFlight call(parts_, domain, sent_at);
  RequestOrders::Ticket ticket = parts_.orders.issue();
  Answer answer = co_await exchange_.call(domain, key, page_token);
  if (answer.page.has_value()) {
    answer.page->request = std::move(ticket);
    answer.page->received = parts_.orders.next();
  }
  call.ended(answer.page);
  learn(domain, sent_at, answer);
  Result<FetchedPage>& page = answer.page;
  attempts.avoid.reset();
  // A proxy in front of one domain may be what breaks the signatures.
  if (page.has_error() && is_verification_failure(page.error().kind) && attempts.failed > 0)
    attempts.avoid = domain;
  std::optional<Failure> against_domain;
  if (page.has_error() && page.error().rule().against_domain) against_domain = page.error();
  if (against_domain) attempts.avoid = domain;
  way->ended(against_domain ? &*against_domain : nullptr);
  if (page.has_error() && page.error().rule().remedy == Remedy::stop_sending) gate_.shut(page.error());
  pass->settle();
  co_return std::move(page);
}

void Client::learn(Domain domain, SteadyTime sent_at, const Answer& answer) {
  const SteadyTime now = parts_.env.steady_now();
  std::optional<Failure> failure;
  if (answer.page.has_error()) failure = answer.page.error();
  parts_.counters.bytes += answer.wire_bytes;
  if (!answer.replied) {
    parts_.rate.unanswered(sent_at, now);
  } else if (failure && failure->kind == FailureKind::rate_limited) {
    ++parts_.counters.rate_limited;
    parts_.rate.refused(sent_at, now, failure->retry_after);
  } else {
    parts_.rate.accepted(sent_at, now);
  }

  const bool was_open = parts_.domains.open(domain);
  if (failure && failure->rule().against_domain)
    parts_.domains.failed(domain, now);
  else if (failure && (!answer.replied || is_verification_failure(failure->kind)))
    parts_.domains.abandoned(domain);  // nothing came of it, or WeChat Pay itself sent a wrong signature
  else
    parts_.domains.succeeded(domain, now);
  const bool is_open = parts_.domains.open(domain);
  if (!was_open && is_open && failure) parts_.events.domain_avoided(domain, *failure);
  if (was_open && !is_open) parts_.events.domain_back(domain);
}

milliseconds Client::backoff(const Attempts& attempts, const Failure& failure) {
  if (failure.retry_after) return std::min(*failure.retry_after, kRetryAfterCap);
  // Trying the other domain for the first time needs no patience: it has done nothing wrong.
  if (attempts.failed == 1 && attempts.avoid && parts_.domains.has_backup() &&
      !parts_.domains.avoided(other(*attempts.avoid), parts_.env.steady_now()))
    return milliseconds::zero();
  const auto step =
      std::min<std::size_t>(static_cast<std::size_t>(attempts.failed) - 1, kBackoffCaps.size() - 1);
  const auto spread = static_cast<double>((kBackoffCaps[step] - kBackoffFloor).count());
  return kBackoffFloor + milliseconds(static_cast<std::int64_t>(parts_.env.random_unit() * spread));
}

}  // namespace couponsync
