#pragma once

#include "net/transport.h"
#include "sim/oracle.h"
#include "sim/schedule.h"
#include "sim/world.h"
#include "support/fake_env.h"
#include "support/wechatpay_message.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

namespace couponsync::sim {

/// A call as the API sees it.
struct Call : test::PageRequest {
  std::uint64_t number = 0;
  Domain domain{};
};

/// The made-up API: pages of the world as it is when the call arrives, quotas, and the faults that are in
/// force.
class Api final : public Transport {
 public:
  struct Deps {
    test::FakeEnv& env;
    const World& world;
    Oracle& oracle;
    std::map<std::string, std::int64_t>& counts;
    std::function<void(const std::string&)> violated;
    std::function<void(const std::function<std::string()>&)> trace;
  };
  Api(Deps deps, const Schedule& schedule) : deps_(deps), schedule_(schedule) {}

  Task<Result<HttpReply>> send(Domain domain, HttpRequest request) override;

  /// Faults, slowness and limits; each ends by itself.
  void begin(const Event& event);
  void end_all();
  /// How much the service's wall clock is off.
  void clock_stepped(std::chrono::seconds by) { clock_off_ += by; }
  std::chrono::seconds clock_off() const { return clock_off_; }
  /// The service knows no more which replies it had; they are not repeated to it.
  void process_ended() {
    replies_.clear();
    asked_to_wait_until_ = {};
  }
  /// The pace that the service may never exceed.
  void limit_pace(double calls_per_second) { most_per_second_ = calls_per_second; }
  /// For the proof that the simulator notices: coupons look as they did before their later changes.
  void hide_versions_above(int version) { last_version_ = version; }

  std::size_t in_flight() const { return in_flight_; }
  std::uint64_t calls() const { return calls_; }
  /// Of each listing: calls for its first page.
  std::map<ListingKey, std::int64_t> first_pages;

 private:
  class Flight;
  struct InForce {
    Event event;
    SteadyTime until;
  };

  std::optional<Event> fault_for(const Call& call);
  void watch_pace();
  bool is_over_quota(const Call& call);
  milliseconds latency_of(std::uint64_t number) const;
  HttpReply page_for(const Call& call, const Event* fault, Shown& shown);
  HttpReply signed_reply(std::string body, WallTime at);
  std::optional<Result<HttpReply>> struck(const Call& call, const Event& fault);
  HttpReply error(int status, std::string_view code);
  HttpReply refused_as_too_fast(const Call& call);
  WallTime now() const { return deps_.env.wall_now() - clock_off_; }

  Deps deps_;
  const Schedule& schedule_;
  std::vector<InForce> faults_;
  std::optional<InForce> slow_;
  std::optional<InForce> quota_;
  std::optional<InForce> user_limit_;
  SteadyTime asked_to_wait_until_{};
  double most_per_second_ = 0;
  double above_pace_ = 0;  ///< calls, at the last one
  SteadyTime last_call_{};
  std::deque<SteadyTime> accepted_;  ///< the last calls that counted
  std::deque<SteadyTime> accepted_of_user_;
  std::unordered_set<std::string> nonces_;
  /// The last good one of each page, for replays.
  std::map<std::pair<ListingKey, std::string>, HttpReply> replies_;
  std::chrono::seconds clock_off_{0};
  std::uint64_t calls_ = 0;
  std::uint64_t replies_signed_ = 0;
  std::uint64_t tokens_ = 0;
  int last_version_ = std::numeric_limits<int>::max();
  std::size_t in_flight_ = 0;
};

}  // namespace couponsync::sim
