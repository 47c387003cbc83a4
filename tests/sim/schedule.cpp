#include "sim/schedule.h"

#include "sim/random.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace couponsync::sim {
namespace {

using Kind = Event::Kind;
using std::chrono::seconds;

constexpr std::array<std::string_view, kEventKinds> kNames{
    "coupon added",  "coupon changed", "coupon moved",   "coupon gone",  "coupon back",
    "fault",         "slow replies",   "quota",          "user's limit", "clock step",
    "reload",        "sync all",       "stop and start", "kill",         "disk fault",
    "slow database", "foreign reader", "foreign writer", "file removed", "file replaced"};

/// How often each happens, in the order of Kind.
constexpr std::array<std::size_t, kEventKinds> kWeights{10, 14, 22, 10, 3, 26, 3, 3, 2, 2,
                                                        5,  2,  3,  5,  3, 2,  2, 1, 0, 0};

constexpr int kReplyKinds = static_cast<int>(FailureKind::inconsistent_listing) + 1;

using Weights = std::array<std::size_t, kEventKinds>;

/// Some kinds are left out and some come often, so that others show what they hide otherwise (swarm testing,
/// Groce et al. 2012).
Weights make_weights(Random& random) {
  Weights weights = kWeights;
  for (std::size_t& weight : weights) {
    if (random.chance(0.25)) weight = 0;
    if (random.chance(0.15)) weight *= 5;
  }
  weights[static_cast<std::size_t>(Kind::move_coupon)] += 5;
  return weights;
}

Kind pick_kind(Random& random, const Weights& weights) {
  std::size_t sum = 0;
  for (const std::size_t weight : weights) sum += weight;
  std::size_t left = random.below(sum);
  std::size_t kind = 0;
  while (left >= weights[kind]) left -= weights[kind++];
  return static_cast<Kind>(kind);
}

void choose_fault(Event& event, Random& random, std::size_t users) {
  event.failure = static_cast<FailureKind>(random.below(kReplyKinds));
  constexpr std::array<double, 4> kChances{1, 0.5, 0.2, 0.05};
  event.chance = kChances[random.below(kChances.size())];
  const bool is_long = random.chance(0.2);
  event.lasts = milliseconds(is_long ? random.between(60'000, 400'000) : random.between(100, 30'000));
  event.user = random.chance(0.3) ? static_cast<int>(random.below(users)) : -1;
  if (random.chance(0.5)) event.domain = random.chance(0.7) ? Domain::primary : Domain::backup;
}

Event make_event(Random& random, const Weights& weights, std::size_t users, milliseconds ends_at) {
  Event event;
  event.kind = pick_kind(random, weights);
  event.at = milliseconds(random.between(0, ends_at.count() - 1));
  event.user = static_cast<int>(random.below(users));
  event.dice = random.next();
  switch (event.kind) {
    case Kind::fault:
      choose_fault(event, random, users);
      break;
    case Kind::slow_replies:
    case Kind::slow_database:
    case Kind::foreign_reader:
    case Kind::foreign_writer:
      event.lasts = milliseconds(random.between(1'000, 90'000));
      break;
    case Kind::quota:
    case Kind::user_limit:
      event.amount = random.between(1, 20);
      event.lasts = milliseconds(random.between(10'000, 300'000));
      break;
    case Kind::clock_step:
      event.amount = random.chance(0.5) ? random.between(-200, 200) : random.between(-90'000, 90'000);
      event.lasts = milliseconds(random.between(10'000, 300'000));
      break;
    case Kind::stop:
      event.lasts = milliseconds(random.between(0, 60'000));
      break;
    case Kind::kill:
      event.amount = random.between(1, 40);
      event.lasts = milliseconds(random.between(0, 60'000));
      break;
    case Kind::disk_fault:
      event.amount = random.chance(0.5) ? 0 : random.between(1, 30);
      event.lasts = milliseconds(random.between(1'000, 120'000));
      break;
    default:
      break;
  }
  return event;
}

}  // namespace

std::string_view name_of(Kind kind) { return kNames[static_cast<std::size_t>(kind)]; }

std::string describe(const Event& event) {
  std::string text =
      fmt::format("{:>9.3f} s  {}", static_cast<double>(event.at.count()) / 1000, name_of(event.kind));
  if (event.kind == Kind::fault) {
    text += fmt::format(" {}, {} % of the calls", rule_of(event.failure).name, event.chance * 100);
    if (event.domain) text += fmt::format(", {} only", name_of(*event.domain));
  }
  if (event.kind != Kind::fault || event.user >= 0) text += fmt::format(", user {}", event.user);
  if (event.amount != 0) text += fmt::format(", {}", event.amount);
  if (event.lasts.count() > 0)
    text += fmt::format(", for {:.3f} s", static_cast<double>(event.lasts.count()) / 1000);
  return text;
}

std::string describe(const Settings& settings) {
  std::string users;
  for (std::size_t i = 0; i < settings.watched.size(); ++i)
    users += fmt::format(" o{}{}", i, settings.watched[i] ? "" : " not");
  return fmt::format("interval {} s, {} at once, pages of {}, at most {} calls a second; watched:{}",
                     settings.interval.count(), settings.concurrency, settings.page_size,
                     settings.max_requests_per_second, users);
}

std::optional<int> change(Settings& settings, const Event& reload) {
  Random random(reload.dice);
  const std::size_t user = random.below(settings.watched.size());
  switch (random.below(6)) {
    case 0:
      settings.watched[user] = !settings.watched[user];
      return std::nullopt;
    case 1:
      settings.layout[user] = random.next();
      return static_cast<int>(user);
    case 2:
      settings.interval = seconds(random.between(30, 300));
      return std::nullopt;
    case 3:
      settings.concurrency = 1 + random.below(6);
      return std::nullopt;
    case 4:
      settings.page_size = static_cast<int>(1 + random.below(4));
      return std::nullopt;
    default:
      settings.max_requests_per_second = random.chance(0.3) ? 3 : 50;
      return std::nullopt;
  }
}

Schedule make_schedule(std::uint64_t seed) {
  Random random(seed * 0x2545F4914F6CDD1DU + 1);
  Schedule schedule;
  schedule.seed = seed;
  const bool is_big = random.chance(0.05);
  const std::size_t users = is_big ? 4 + random.below(12) : 1 + random.below(3);
  Settings& settings = schedule.settings;
  settings.interval = seconds(random.between(30, 300));
  settings.concurrency = 1 + random.below(6);
  settings.page_size = static_cast<int>(1 + random.below(4));
  settings.max_requests_per_second = random.chance(0.2) ? 3 : 50;
  schedule.has_backup = random.chance(0.85);
  schedule.moves_change_order = random.chance(0.5);
  schedule.latency = milliseconds(random.between(5, 400));
  for (std::size_t i = 0; i < users; ++i) {
    settings.watched.push_back(random.chance(0.85));
    settings.layout.push_back(random.next());
    schedule.coupons_at_start.push_back(random.between(0, is_big ? 25 : 8));
  }
  settings.watched[0] = true;
  schedule.ends_at = milliseconds(random.between(60'000, 900'000));
  const Weights weights = make_weights(random);
  const std::size_t events = random.chance(0.1) ? 0 : random.below(is_big ? 80 : 40);
  for (std::size_t i = 0; i < events; ++i)
    schedule.events.push_back(make_event(random, weights, users, schedule.ends_at));
  if (random.chance(0.06)) {
    Event gone = make_event(random, weights, users, schedule.ends_at);
    gone.kind = random.chance(0.5) ? Kind::file_removed : Kind::file_replaced;
    gone.amount = 0;
    gone.lasts = milliseconds(random.between(0, 30'000));
    schedule.events.push_back(gone);
  }
  std::ranges::stable_sort(schedule.events, {}, &Event::at);
  for (std::size_t i = 0; i < schedule.events.size(); ++i) schedule.events[i].number = static_cast<int>(i);
  return schedule;
}

}  // namespace couponsync::sim
