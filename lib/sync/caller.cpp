#include "sync/caller.h"

#include "sync/own_limit.h"

#include <algorithm>
#include <utility>

namespace couponsync {
namespace {

using std::chrono::milliseconds;

/// More in a row are no accident of kept connections any more.
constexpr int kMostStale = 3;
/// No quota that is known is used up for so long.
constexpr std::chrono::seconds kLongestLimit{900};

bool is_too_fast(const Result<FetchedPage>& page) {
  return page.has_error() && page.error().rule().remedy == Remedy::repeat_when_paced;
}

bool is_refusal(const Result<FetchedPage>& page) {
  return page.has_error() && page.error().rule().remedy == Remedy::stop_sending;
}

/// A refusal, or a 429 that is not in the API's words: a proxy before one domain may have said it.
bool may_be_one_domains(const Failure& failure) {
  const Remedy remedy = failure.rule().remedy;
  return remedy == Remedy::stop_sending || (remedy == Remedy::repeat_when_paced && failure.code.empty());
}

/// A call whose reply is awaited: if it is cancelled, what was reserved for it is given back.
class CallInFlight {
 public:
  CallInFlight(Caller::Deps& deps, DomainSelector& domains, int& in_flight, Condition& changed, Domain domain,
               SteadyTime sent_at)
      : deps_(deps),
        domains_(domains),
        in_flight_(in_flight),
        changed_(changed),
        domain_(domain),
        sent_at_(sent_at) {
    ++in_flight_;
    deps_.events.call_started(domain_);
  }
  CallInFlight(const CallInFlight&) = delete;
  CallInFlight& operator=(const CallInFlight&) = delete;
  ~CallInFlight() {
    if (--in_flight_ == 0) changed_.notify_all();
    if (ended_) return;
    domains_.abandoned(domain_);
    deps_.rate.unanswered(sent_at_, deps_.env.steady_now());
    deps_.events.call_cancelled(domain_);
  }
  void ended(const Result<FetchedPage>& page) {
    ended_ = true;
    std::optional<Failure> failure;
    if (page.has_error()) failure = page.error();
    deps_.events.call_ended(domain_, failure ? &*failure : nullptr, deps_.env.steady_now() - sent_at_);
  }

 private:
  Caller::Deps& deps_;
  DomainSelector& domains_;
  int& in_flight_;
  Condition& changed_;
  Domain domain_;
  SteadyTime sent_at_;
  bool ended_ = false;
};

}  // namespace

Caller::Caller(Deps deps, std::shared_ptr<Session> session, const boost::asio::any_io_executor& executor)
    : deps_(deps),
      session_(std::move(session)),
      pacer_(deps.env, deps.rate, executor),
      gate_(deps.env, deps.events, executor),
      outage_(deps.env, deps.pause, executor),
      evidence_([&env = deps.env] { return env.random_unit(); }),
      changed_(executor) {}

Task<Call> Caller::call(const ListingKey& key, const std::optional<std::string>& page_token, Route& route,
                        RunCounters& cost) {
  for (;;) {
    SendingGate::Pass pass = co_await gate_.enter();
    Slot slot = co_await next_slot(*route.urgency);
    if (!gate_.admits(pass)) {  // a refusal came while this call waited
      deps_.rate.unanswered(slot.at, slot.at);
      continue;
    }
    Call call = co_await send(key, page_token, route, cost, std::move(slot), gate_.is_probing());
    if (shows_that_calls_work(call.page)) pass.accepted();
    // A listing that is refused alone says nothing of the brand.
    const bool known = !call.of_another && evidence_.is_blamed(key);
    if (is_refusal(call.page) && !known) {
      call.doubt = gate_.refused(pass, call.page.error());
      changed_.notify_all();
    }
    co_return call;
  }
}

Task<Call> Caller::confirming_call(const ListingKey& key, const std::optional<std::string>& page_token,
                                   Route& route, RunCounters& cost) {
  Slot slot = co_await next_slot(*route.urgency);
  Call call = co_await send(key, page_token, route, cost, std::move(slot), false);
  co_return call;
}

Task<Caller::Slot> Caller::next_slot(const Urgency& urgency) {
  for (;;) {
    OutageGate::Pass way = co_await outage_.enter();
    const SteadyTime at = co_await pacer_.next_turn(urgency);
    // Many may have been waiting for their turn when the last domain went.
    if (way.is_try() || !outage_.is_shut()) co_return Slot{std::move(way), at};
    deps_.rate.unanswered(at, at);
  }
}

Task<Call> Caller::send(const ListingKey& key, const std::optional<std::string>& page_token, Route& route,
                        RunCounters& cost, Slot slot, bool as_probe) {
  std::optional<ListingKey> other;
  if (as_probe || slot.way.should_ask_for_another()) other = evidence_.witness_for(key);
  const ListingKey& asked = other ? *other : key;
  const std::optional<std::string> token = other ? std::optional<std::string>() : page_token;
  Route no_route;
  Route& taken = other ? no_route : route;

  // A reload may replace it meanwhile.
  const std::shared_ptr<Session> session = session_;
  DomainSelector& domains = *session->domains;
  Call call;
  call.sent_at = slot.at;
  call.of_another = other.has_value();
  call.is_try = slot.way.is_try();
  call.has_waited = slot.way.has_waited();
  call.domain = choose(domains, slot, taken, cost);
  ++cost.requests;
  CallInFlight in_flight(deps_, domains, in_flight_, changed_, call.domain, slot.at);
  RequestOrders::Ticket ticket = deps_.orders.issue();
  const bool on_fresh_connection = taken.stale_in_a_row > 0;
  Answer answer = co_await session->exchange.call(call.domain, asked, token, on_fresh_connection);
  if (answer.page.has_value()) {
    answer.page->request = std::move(ticket);
    answer.page->received = deps_.orders.next();
  }
  const bool stale = answer.page.has_error() && answer.page.error().rule().remedy == Remedy::repeat_at_once;
  taken.stale_in_a_row = stale ? taken.stale_in_a_row + 1 : 0;
  if (taken.stale_in_a_row >= kMostStale) {
    Failure lost = answer.page.error();
    lost.kind = FailureKind::connection_lost;
    answer.page = std::move(lost);
    taken.stale_in_a_row = 0;
  }
  in_flight.ended(answer.page);
  call.page = std::move(answer.page);
  cost.bytes += answer.wire_bytes;
  if (is_too_fast(call.page)) ++cost.rate_limited;
  learn(domains, asked, taken, call, answer);
  tell_outage(domains, slot.way, asked, call, answer.replied);

  taken.avoid.reset();
  if (call.page.has_value()) co_return call;
  const Failure& failure = call.page.error();
  // A proxy in front of one domain may be what breaks the signatures.
  const OfDomain of_domain = failure.rule().of_domain;
  if (of_domain == OfDomain::is_down || (of_domain == OfDomain::unproven && taken.failed > 0) ||
      may_be_one_domains(failure))
    taken.avoid = call.domain;
  co_return call;
}

Domain Caller::choose(DomainSelector& domains, const Slot& slot, Route& route, RunCounters& cost) {
  if (slot.way.is_try()) return domains.choose_in_turn();
  const Domain domain = domains.choose(slot.at, route.avoid ? &*route.avoid : nullptr);
  if (route.avoid && domain != *route.avoid) ++cost.failovers;
  return domain;
}

void Caller::learn(DomainSelector& domains, const ListingKey& asked, Route& route, Call& call,
                   const Answer& answer) {
  learn_pace(asked, route, call, answer);
  learn_domain(domains, asked, route, call, answer.replied);
  const bool works = shows_that_calls_work(call.page);
  if (answer.replied) evidence_.answered(asked, call.sent_at, works);
  if (works || call.page.error().rule().remedy == Remedy::repeat) evidence_.call_ended(asked, works);
}

void Caller::learn_pace(const ListingKey& asked, Route& route, Call& call, const Answer& answer) {
  const SteadyTime now = deps_.env.steady_now();
  RateController& rate = deps_.rate;
  // A limit that is this listing's own is no news of the brand's.
  const bool is_known = is_too_fast(call.page) && (evidence_.is_blamed(asked) || route.limit_is_doubtful);
  if (!answer.replied || is_known) return rate.unanswered(call.sent_at, now);
  if (!is_too_fast(call.page)) {
    rate.accepted(call.sent_at, now);
    if (!rate.paused_until(now) && !rate.held_since()) deps_.pause.over(PauseCause::too_fast);
    return;
  }
  evidence_.limited();
  const Failure& failure = call.page.error();
  const bool was_paused = rate.paused_until(now).has_value();
  call.passed_over = !obeys(asked, route, failure);
  const std::optional<milliseconds> retry_after = call.passed_over ? std::nullopt : failure.retry_after;
  rate.refused(call.sent_at, now, retry_after);
  const std::optional<SteadyTime> until = rate.paused_until(now);
  call.began_pause = until && !was_paused && retry_after >= kTellingPause;
  if (until && retry_after >= kTellingPause && !route.paused_until) route.paused_until = until;
  if (!until && !rate.held_since()) return;
  too_fast_ = failure;
  deps_.pause.too_fast(failure, until);
  changed_.notify_all();
}

/// A listing that had everybody pause, and is refused again when others got through after that, may be alone
/// with it: its next pause waits until a witness says the same.
bool Caller::obeys(const ListingKey& asked, const Route& route, const Failure& too_fast) {
  if (!too_fast.retry_after || *too_fast.retry_after < kTellingPause) return true;
  if (!route.paused_until || !evidence_.others_work_since(asked, *route.paused_until)) return true;
  return !evidence_.distrust(asked, deps_.env.steady_now());
}

void Caller::learn_domain(DomainSelector& domains, const ListingKey& asked, Route& route, const Call& call,
                          bool replied) {
  const SteadyTime now = deps_.env.steady_now();
  const bool was_tripped = domains.is_tripped(call.domain);
  std::optional<Failure> failure;
  if (call.page.has_error()) failure = call.page.error();
  const bool against = failure && failure->rule().of_domain == OfDomain::is_down;
  const bool doubtful = failure && may_be_one_domains(*failure);
  // Nothing came of it, or WeChat Pay itself sent a wrong signature; and a listing that fails alone blames no
  // domain.
  const bool is_own = evidence_.is_blamed(asked) ||
                      (route.failing_since && evidence_.others_work_since(asked, *route.failing_since));
  const bool no_evidence =
      failure && (against ? is_own : doubtful || !replied || failure->rule().of_domain != OfDomain::works);
  if (no_evidence)
    domains.abandoned(call.domain);
  else if (against)
    domains.failed(call.domain, now);
  else
    domains.succeeded(call.domain, now);
  const bool is_tripped = domains.is_tripped(call.domain);
  if (!was_tripped && is_tripped && failure) deps_.events.domain_tripped(call.domain, *failure);
  if (was_tripped && !is_tripped) deps_.events.domain_restored(call.domain);
  tell_doubtful(domains, route, call, doubtful);
}

/// What one domain refuses and the other one gives is the word of whatever stands before the first.
void Caller::tell_doubtful(DomainSelector& domains, Route& route, const Call& call, bool doubtful) {
  if (doubtful) {
    if (!route.doubtful) route.doubtful = call.domain, route.doubtful_why = call.page.error();
    return;
  }
  if (!shows_that_calls_work(call.page)) return;
  const std::optional<Domain> refuser = std::exchange(route.doubtful, std::nullopt);
  if (!refuser || *refuser == call.domain) return;
  const bool was_tripped = domains.is_tripped(*refuser);
  domains.blamed(*refuser, deps_.env.steady_now());
  if (!was_tripped && domains.is_tripped(*refuser)) deps_.events.domain_tripped(*refuser, route.doubtful_why);
}

void Caller::tell_outage(DomainSelector& domains, OutageGate::Pass& way, const ListingKey& asked,
                         const Call& call, bool replied) {
  if (call.page.has_value()) return way.got_through();
  const Failure& failure = call.page.error();
  const OfDomain of_domain = failure.rule().of_domain;
  if (of_domain == OfDomain::is_down || of_domain == OfDomain::unproven) {
    if (!call.is_try && evidence_.is_blamed(asked)) return way.ended();
    way.failed(call.domain, failure);
    if (domains.all_are_dead() && !evidence_.others_work_since(asked, call.sent_at)) begin_outage(failure);
    return;
  }
  if (replied) return way.got_through();
  // No domain is to blame, but the outage goes on, and what keeps it up is told.
  if (call.is_try && failure.rule().remedy == Remedy::repeat) return way.failed(call.domain, failure);
  way.ended();
}

void Caller::begin_outage(const Failure& why) {
  outage_.begin(why);
  changed_.notify_all();
}

void Caller::stop_sending(SendingGate::Doubt& doubt, const Failure& refusal) {
  doubt.confirmed(refusal);
  changed_.notify_all();
}

Task<Failure> Caller::hopeless(std::chrono::seconds patience) {
  for (;;) {
    if (gate_.refusal() && in_flight_ == 0) co_return *gate_.refusal();
    const SteadyTime now = deps_.env.steady_now();
    const std::optional<SteadyTime> shut_since = outage_.shut_since();
    const std::optional<SteadyTime> held_since = deps_.rate.held_since();
    if (shut_since && now >= *shut_since + patience) co_return outage_.reason();
    if (held_since && now >= *held_since + kLongestLimit) co_return too_fast_;
    if (shut_since) {
      const SteadyTime until = *shut_since + patience;
      co_await changed_.wait_until(deps_.env, until);
    } else if (held_since) {
      const SteadyTime until = *held_since + kLongestLimit;
      co_await changed_.wait_until(deps_.env, until);
    } else {
      co_await changed_.wait();
    }
  }
}

}  // namespace couponsync
