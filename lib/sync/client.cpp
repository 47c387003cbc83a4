#include "sync/client.h"

#include "sync/own_limit.h"

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

/// So many refusals in a row, a witness's among them, stop all sending.
constexpr int kRefusalsToStop = 3;
/// Where calls were accepted lately, stray refusals are more likely than refused credentials.
constexpr int kRefusalsToStopLater = 5;
constexpr std::chrono::seconds kLately{60};
/// Where others are accepted, so many refusals of one page are the listing's own.
constexpr int kOwnRefusals = 3;
constexpr std::chrono::seconds kJustBefore{10};
/// So many others must fail as well before no domain works.
constexpr int kWitnesses = 3;
constexpr int kTimesMoreWhileIll = 3;
/// How often a page that met an outage gets all its attempts again.
constexpr int kFreshStarts = 3;

Domain other(Domain domain) { return domain == Domain::primary ? Domain::backup : Domain::primary; }

bool is_refusal(const Call& call) {
  return call.page.has_error() && call.page.error().rule().remedy == Remedy::stop_sending;
}

}  // namespace

/// One page that is being fetched: how its calls have gone so far.
struct Client::Fetch {
  ListingKey key;
  std::optional<std::string> page_token;
  RunCounters& cost;
  Call call{};  ///< the last one
  Route route{};
  int fresh_starts = 0;
  OwnLimit limit{};
};

Client::Client(Deps deps, std::shared_ptr<Session> session, ClientOptions options,
               const boost::asio::any_io_executor& executor)
    : deps_(deps), options_(options), caller_(deps, std::move(session), executor) {}

Task<Result<FetchedPage>> Client::fetch(ListingKey key, std::optional<std::string> page_token,
                                        const Urgency& urgency, RunCounters& cost) {
  Fetch fetch{.key = std::move(key), .page_token = std::move(page_token), .cost = cost};
  fetch.route.urgency = &urgency;
  for (;;) {
    Call call = co_await caller_.call(fetch.key, fetch.page_token, fetch.route, fetch.cost);
    fetch.call = std::move(call);
    const Next next = co_await judge(fetch);
    if (next == Next::again) continue;
    if (fetch.call.page.has_value())
      caller_.evidence().absolve(fetch.key);
    else
      caller_.evidence().retract(fetch.key);
    co_return std::move(fetch.call.page);
  }
}

Task<Client::Next> Client::judge(Fetch& fetch) {
  if (fetch.call.has_waited && !fetch.call.is_try && fetch.fresh_starts < kFreshStarts) {
    ++fetch.fresh_starts;
    fetch.route.failed = 0;
    fetch.route.failing_since.reset();
  }
  if (is_refusal(fetch.call)) {
    const Next next = co_await judge_refusal(fetch);
    if (next == Next::again || is_refusal(fetch.call)) co_return next;
  }
  if (fetch.call.of_another) {
    co_await wait_after_another(fetch);
    co_return Next::again;
  }
  if (fetch.call.page.has_value()) co_return Next::give_up;
  const Failure failure = fetch.call.page.error();
  switch (failure.rule().remedy) {
    case Remedy::repeat_at_once:
      deps_.events.attempt_failed(fetch.key, fetch.call.domain, failure, milliseconds::zero());
      co_return Next::again;
    case Remedy::repeat_when_paced: {
      const Next next = co_await judge_limit(fetch);
      co_return next;
    }
    case Remedy::repeat: {
      const Next next = co_await judge_passing(fetch);
      co_return next;
    }
    default:
      co_return Next::give_up;
  }
}

/// Gives up if it is final: the brand is refused, or this listing alone. A call that was not refused may have
/// taken the place of the one that was.
Task<Client::Next> Client::judge_refusal(Fetch& fetch) {
  std::optional<SendingGate::Doubt> doubt = std::exchange(fetch.call.doubt, std::nullopt);
  if (doubt) {
    const Next next = co_await confirm(fetch, std::move(*doubt));
    co_return next;
  }
  Evidence& evidence = caller_.evidence();
  // Another one finds out what it means, or nothing is sent anyway.
  if (fetch.call.of_another || !evidence.is_blamed(fetch.key)) co_return Next::again;
  if (evidence.others_work_since(fetch.key, fetch.call.sent_at)) co_return Next::give_up;
  std::vector<ListingKey> asked;
  const std::optional<Call> witness = co_await ask_witness(fetch.key, asked, fetch.cost);
  if (witness && shows_that_calls_work(witness->page)) co_return Next::give_up;
  evidence.absolve(fetch.key);
  co_return Next::again;
}

/// Other users' listings, each once, and the same page where there are no others: refused in a row they stop
/// all sending; but if others are accepted and this listing is refused again, it fails alone. The first of
/// these calls goes to the other domain: what refuses may stand before one only.
Task<Client::Next> Client::confirm(Fetch& fetch, SendingGate::Doubt doubt) {
  Evidence& evidence = caller_.evidence();
  const bool worked_lately = evidence.any_works_since(deps_.env.steady_now() - kLately);
  const int enough = worked_lately ? kRefusalsToStopLater : kRefusalsToStop;
  const std::optional<std::string> first_page;
  std::vector<ListingKey> asked;
  int own_refusals = 1;
  bool others_work = false;
  std::optional<Domain> avoid = fetch.call.domain;
  for (int refusals = 1; others_work ? own_refusals < kOwnRefusals : refusals < enough;) {
    std::optional<ListingKey> witness;
    if (!others_work && std::ssize(asked) < enough) witness = evidence.witness_for(fetch.key, asked);
    if (witness) {
      Route route;
      route.avoid = std::exchange(avoid, std::nullopt);
      asked.push_back(*witness);
      const Call call = co_await caller_.confirming_call(*witness, first_page, route, fetch.cost);
      others_work = shows_that_calls_work(call.page);
      // The page has not been refused there yet.
      if (others_work) avoid = fetch.call.domain;
      if (is_refusal(call)) ++refusals;
      continue;
    }
    if (avoid) fetch.route.avoid = std::exchange(avoid, std::nullopt);
    Call own = co_await caller_.confirming_call(fetch.key, fetch.page_token, fetch.route, fetch.cost);
    if (own.of_another) continue;  // it had to wait for a domain that works
    fetch.call = std::move(own);
    if (!is_refusal(fetch.call)) {
      if (shows_that_calls_work(fetch.call.page)) doubt.dispelled();
      co_return Next::give_up;
    }
    ++refusals;
    ++own_refusals;
  }
  if (others_work) {
    doubt.dispelled();
    evidence.blame(fetch.key);
  } else {
    caller_.stop_sending(doubt, fetch.call.page.error());
  }
  co_return Next::give_up;
}

/// A limit is the brand's, and the page waits for its turn, unless it is the listing's own.
Task<Client::Next> Client::judge_limit(Fetch& fetch) {
  Evidence& evidence = caller_.evidence();
  const Failure failure = fetch.call.page.error();
  deps_.events.rate_limited(fetch.key, fetch.call.domain, failure);
  fetch.limit.refused(evidence.worked(), evidence.limited_so_far(),
                      fetch.call.passed_over ? std::nullopt : failure.retry_after);
  const bool known = evidence.is_blamed(fetch.key);
  if (fetch.limit.is_own(known)) {
    evidence.blame(fetch.key);
    co_return Next::give_up;
  }
  const bool works = evidence.any_works_since(deps_.env.steady_now() - kJustBefore);
  const double chance = fetch.limit.witness_chance(known, works);
  // Who had everybody pause lets another one go first when that is over: then it is known whose limit it was.
  const bool must_ask = fetch.call.began_pause || fetch.call.passed_over;
  if (!must_ask && (chance <= 0 || deps_.env.random_unit() >= chance)) co_return Next::again;
  std::vector<ListingKey> asked;
  const std::optional<Call> witness = co_await ask_witness(fetch.key, asked, fetch.cost);
  if (witness) {
    fetch.limit.asked_witness(shows_that_calls_work(witness->page));
    fetch.route.limit_is_doubtful = fetch.limit.is_doubtful();
  } else if (known) {
    // Nobody is left to tell, so its word is as good as any.
    evidence.absolve(fetch.key);
  }
  co_return Next::again;
}

/// What happened to another listing's page is no failure of this one.
Task<> Client::wait_after_another(Fetch& fetch) {
  if (fetch.call.page.has_value() || fetch.call.is_try) co_return;
  const Failure failure = fetch.call.page.error();
  if (failure.rule().remedy == Remedy::repeat_when_paced)
    deps_.events.rate_limited(fetch.key, fetch.call.domain, failure);
  if (failure.rule().remedy != Remedy::repeat) co_return;
  if (++fetch.route.failed >= options_.max_attempts) {
    caller_.begin_outage(failure);
    co_return;
  }
  const SteadyTime until = deps_.env.steady_now() + backoff(fetch, failure);
  co_await deps_.env.sleep_until(until);
}

Task<Client::Next> Client::judge_passing(Fetch& fetch) {
  const Failure failure = fetch.call.page.error();
  // A failed try of an outage says nothing about the page, and the gate says when the next one goes.
  milliseconds wait{0};
  if (!fetch.call.is_try) {
    if (!fetch.route.failing_since) fetch.route.failing_since = fetch.call.sent_at;
    // While many calls break off and others get through, a page needs more luck.
    // What this machine lacks, luck does not bring.
    const bool ill =
        failure.rule().of_domain != OfDomain::nothing && caller_.evidence().others_break_off(fetch.key);
    const int most = ill ? options_.max_attempts * kTimesMoreWhileIll : options_.max_attempts;
    if (++fetch.route.failed >= most) {
      const Next next = co_await judge_exhausted(fetch);
      co_return next;
    }
    wait = backoff(fetch, failure);
  }
  ++fetch.cost.retries;
  deps_.events.attempt_failed(fetch.key, fetch.call.domain, failure, wait);
  const SteadyTime until = deps_.env.steady_now() + wait;
  if (wait > milliseconds::zero()) co_await deps_.env.sleep_until(until);
  co_return Next::again;
}

/// Each attempt failed. That is the listing's failure if others work meanwhile; if they do not, nothing
/// works.
Task<Client::Next> Client::judge_exhausted(Fetch& fetch) {
  Evidence& evidence = caller_.evidence();
  const Failure failure = fetch.call.page.error();
  const SteadyTime since = *fetch.route.failing_since;
  bool is_own = evidence.is_blamed(fetch.key) || evidence.others_work_since(fetch.key, since);
  std::vector<ListingKey> asked;
  for (int i = 0; i < kWitnesses && !is_own; ++i) {
    const std::optional<Call> witness = co_await ask_witness(fetch.key, asked, fetch.cost);
    is_own = evidence.others_work_since(fetch.key, since);
    if (is_own) break;
    if (!witness) {
      // There is no other listing. What the API says is about this one, what breaks calls is not.
      if (asked.empty()) is_own = !failure.code.empty() || failure.rule().of_domain != OfDomain::is_down;
      break;
    }
    if (witness->page.has_error() && witness->page.error().rule().remedy != Remedy::repeat) {
      // Refused or too fast: that is no answer.
      fetch.route.failed = options_.max_attempts - 1;
      co_return Next::again;
    }
    // It fails as well: there may be better ones to ask.
    if (witness->is_try) break;
    evidence.retract(asked.back());
  }
  if (is_own) {
    evidence.blame(fetch.key);
    co_return Next::give_up;
  }
  caller_.begin_outage(failure);
  ++fetch.cost.retries;
  deps_.events.attempt_failed(fetch.key, fetch.call.domain, failure, milliseconds::zero());
  co_return Next::again;
}

Task<std::optional<Call>> Client::ask_witness(const ListingKey& key, std::vector<ListingKey>& asked,
                                              RunCounters& cost) {
  const std::optional<ListingKey> witness = caller_.evidence().witness_for(key, asked);
  if (!witness) co_return std::nullopt;
  asked.push_back(*witness);
  const std::optional<std::string> first_page;
  Route route;
  Call call = co_await caller_.call(*witness, first_page, route, cost);
  if (call.page.has_error() && call.page.error().rule().remedy == Remedy::repeat_when_paced)
    deps_.events.rate_limited(*witness, call.domain, call.page.error());
  co_return std::optional<Call>(std::move(call));
}

milliseconds Client::backoff(const Fetch& fetch, const Failure& failure) {
  if (failure.retry_after) return std::min(*failure.retry_after, kRetryAfterCap);
  const Route& route = fetch.route;
  // Trying the other domain for the first time needs no patience: it has done nothing wrong.
  const DomainSelector& domains = *caller_.session().domains;
  if (route.failed == 1 && route.avoid && domains.has_backup() &&
      !domains.is_avoided(other(*route.avoid), deps_.env.steady_now()))
    return milliseconds::zero();
  const auto step =
      std::min<std::size_t>(static_cast<std::size_t>(route.failed) - 1, kBackoffCaps.size() - 1);
  const auto spread = static_cast<double>((kBackoffCaps[step] - kBackoffFloor).count());
  return kBackoffFloor + milliseconds(static_cast<std::int64_t>(deps_.env.random_unit() * spread));
}

}  // namespace couponsync
