#include "sim/schedule.h"
#include "sim/shrink.h"
#include "sim/simulation.h"
#include "support/temporary_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace couponsync::sim {
namespace {

struct Arguments {
  std::uint64_t first = 1;
  std::uint64_t last = 0;
  double minutes = 1e9;
  bool trace = false;
  bool shrinks = true;
  std::optional<std::set<int>> only;  ///< of the events
};

[[noreturn]] void usage() {
  fmt::print(stderr, "sim --seed N [--trace] [--only I,J,...] | --seeds A-B [--minutes M] [--no-shrink]\n");
  std::exit(64);
}

Arguments parse(int count, char** words) {
  Arguments arguments;
  for (int i = 1; i < count; ++i) {
    const std::string_view word = words[i];
    const std::string value = i + 1 < count ? words[i + 1] : "";
    if (word == "--trace") {
      arguments.trace = true;
    } else if (word == "--no-shrink") {
      arguments.shrinks = false;
    } else if (word == "--only") {
      arguments.only.emplace();
      for (std::size_t at = 0; at < value.size(); at = std::min(value.find(',', at), value.size() - 1) + 1)
        arguments.only->insert(std::stoi(value.substr(at)));
      ++i;
    } else if (word == "--seed" && !value.empty()) {
      arguments.first = arguments.last = std::stoull(words[++i]);
    } else if (word == "--seeds" && value.find('-') != std::string::npos) {
      arguments.first = std::stoull(value);
      arguments.last = std::stoull(value.substr(value.find('-') + 1));
      ++i;
    } else if (word == "--minutes" && !value.empty()) {
      arguments.minutes = std::stod(words[++i]);
    } else {
      usage();
    }
  }
  if (arguments.last < arguments.first) usage();
  return arguments;
}

void print(const Schedule& schedule) {
  fmt::print("  {} users, interval {} s, {} at once, pages of {}, {}, until {} s\n",
             schedule.settings.watched.size(), schedule.settings.interval.count(),
             schedule.settings.concurrency, schedule.settings.page_size,
             schedule.has_backup ? "two domains" : "one domain", schedule.ends_at.count() / 1000);
  std::string numbers;
  for (const Event& event : schedule.events) {
    fmt::print("  {}\n", describe(event));
    numbers += (numbers.empty() ? "" : ",") + std::to_string(event.number);
  }
  fmt::print("  replay: sim --seed {} --trace --only {}\n", schedule.seed, numbers);
}

int run(const Arguments& arguments) {
  const test::TemporaryFolder folder;
  const SimulationOptions options{.folder = folder.path() / "mirrors", .trace = arguments.trace};
  const auto began = std::chrono::steady_clock::now();
  const auto seconds = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  };
  std::map<std::string, std::int64_t> counts;
  double virtual_hours = 0;
  std::uint64_t played = 0;
  std::uint64_t broken = 0;
  for (std::uint64_t seed = arguments.first; seed <= arguments.last && seconds() < arguments.minutes * 60;
       ++seed) {
    Schedule schedule = make_schedule(seed);
    if (arguments.only)
      std::erase_if(schedule.events,
                    [&](const Event& event) { return !arguments.only->contains(event.number); });
    const Outcome outcome = simulate(schedule, options);
    ++played;
    virtual_hours += std::chrono::duration<double>(outcome.virtual_time).count() / 3600;
    for (const auto& [what, times] : outcome.counts) counts[what] += times;
    if (arguments.trace) {
      print(schedule);
      fmt::print("{}", outcome.trace);
    }
    if (!outcome.violation) continue;
    ++broken;
    fmt::print("seed {}: {}\n", seed, *outcome.violation);
    if (arguments.shrinks) {
      const Schedule least = shrink(schedule, {.folder = options.folder});
      fmt::print("  shrunk to {} of {} events: {}\n", least.events.size(), schedule.events.size(),
                 simulate(least, {.folder = options.folder}).violation.value_or("?"));
      print(least);
    }
    std::fflush(stdout);
  }
  fmt::print("{} seeds, {} broken, {:.1f} seeds/s, {:.1f} hours of virtual time\n", played, broken,
             static_cast<double>(played) / seconds(), virtual_hours);
  for (const auto& [what, times] : counts) fmt::print("  {:<28} {:>10}\n", what, times);
  return broken == 0 ? 0 : 1;
}

}  // namespace
}  // namespace couponsync::sim

int main(int count, char** words) { return couponsync::sim::run(couponsync::sim::parse(count, words)); }
