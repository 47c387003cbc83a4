#include "bench/freshness/contestants.h"
#include "bench/freshness/scale.h"
#include "bench/freshness/world.h"
#include "bench/freshness/world_shapes.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>

// How long a change at the server takes to the mirror, in virtual time.
//   freshness_bench (--world FILE|- | --shape base|retail|flash|heavy|sparse --seed N [--users N])
//                   [--policy even|adaptive] [--hours 2] [--budget elastic|steady] [--hints 0.98]
//                   [--derive 0|1]   1: activation and expiry of known coupons are told by the clock
// freshness_bench --scale N   what a decision costs with so many listings
namespace {

using namespace couponsync::bench;

class Arguments {
 public:
  Arguments(int count, char** given) {
    for (int place = 1; place + 1 < count; place += 2) values_[given[place]] = given[place + 1];
    if (count % 2 == 0) throw std::runtime_error("options come in pairs: --name value");
    for (const auto& [name, value] : values_) {
      static const std::map<std::string, int> kKnown{
          {"--world", 0}, {"--shape", 0},  {"--seed", 0},  {"--users", 0},  {"--policy", 0},
          {"--hours", 0}, {"--budget", 0}, {"--hints", 0}, {"--derive", 0}, {"--scale", 0}};
      if (!kKnown.contains(name)) throw std::runtime_error("no option " + name);
    }
  }
  std::string text(const std::string& name, const std::string& absent) const {
    const auto found = values_.find(name);
    return found == values_.end() ? absent : found->second;
  }
  double number(const std::string& name, double absent) const {
    const auto found = values_.find(name);
    return found == values_.end() ? absent : std::stod(found->second);
  }

 private:
  std::map<std::string, std::string> values_;
};

World world_of(const Arguments& arguments) {
  const std::string file = arguments.text("--world", "");
  if (file == "-") return load_world(std::cin);
  if (!file.empty()) {
    std::ifstream lines(file);
    if (!lines) throw std::runtime_error("cannot open " + file);
    return load_world(lines);
  }
  const std::string shape = arguments.text("--shape", "base");
  const auto users = static_cast<std::size_t>(arguments.number("--users", shape == "heavy" ? 1500 : 5000));
  return make_world(shape, static_cast<std::uint64_t>(arguments.number("--seed", 1)), users);
}

void print(const World& world, const std::string& what, const DelayScore& score, const ContestCost& cost) {
  const DelayScore::Minutes minutes = score.minutes();
  double all = 0;
  for (const double requests : cost.requests) all += requests;
  std::printf("%s.%llu %s: mean %.2f p50 %.1f p95 %.1f p99 %.1f max %.1f min, %zu changes, used %.3f",
              world.name.c_str(), static_cast<unsigned long long>(world.seed), what.c_str(), minutes.mean,
              minutes.p50, minutes.p95, minutes.p99, minutes.most, minutes.changes, all / cost.budget);
  for (std::size_t kind = 0; kind < cost.requests.size(); ++kind) {
    if (cost.requests[kind] > 0)
      std::printf(", %s %.1f %%", ContestCost::kNames[kind].data(), 100 * cost.requests[kind] / all);
  }
  for (std::size_t kind = 0; kind < minutes.mean_of.size(); ++kind)
    std::printf(", %s %.1f", DelayScore::kNames[kind].data(), minutes.mean_of[kind]);
  if (cost.decisions > 0)
    std::printf(", %.2f us a decision, %.0f bytes a user", 1e6 * cost.decision_seconds / cost.decisions,
                cost.bytes_a_user);
  if (!cost.distrusted.empty()) std::printf(", distrusts %s", cost.distrusted.data());
  std::printf("\n");
}

void play(const Arguments& arguments) {
  const World world = world_of(arguments);
  const std::string policy = arguments.text("--policy", "adaptive");
  const std::string budget = arguments.text("--budget", "elastic");
  ContestTerms terms;
  terms.hours = arguments.number("--hours", 2);
  terms.hinted = arguments.number("--hints", 0);
  if (budget == "steady") terms.peak_times = 1;
  DelayScore score(world);
  ModelMirror mirror(world, score, arguments.number("--derive", 1) != 0);
  const ContestCost cost =
      policy == "even" ? play_even(world, terms, mirror) : play_adaptive(world, terms, mirror);
  mirror.finish();
  std::string what =
      policy + (policy == "even" ? "" : " " + budget) + " " + arguments.text("--hours", "2") + " h";
  if (terms.hinted > 0) what += " hints " + arguments.text("--hints", "0");
  print(world, what, score, cost);
}

}  // namespace

int main(int count, char** given) {
  try {
    const Arguments arguments(count, given);
    const double listings = arguments.number("--scale", 0);
    if (listings > 0) {
      play_scale(static_cast<std::size_t>(listings));
    } else {
      play(arguments);
    }
  } catch (const std::exception& failure) {
    std::cerr << "freshness_bench: " << failure.what() << '\n';
    return EXIT_FAILURE;
  }
  return EXIT_SUCCESS;
}
