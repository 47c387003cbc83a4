#pragma once

#include "base/failure.h"
#include "base/http.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace couponsync::sim {

using std::chrono::milliseconds;

/// Something that happens to the service from outside, at a time.
struct Event {
  enum class Kind {
    // Users and brand.
    add_coupon,
    change_coupon,
    move_coupon,
    remove_coupon,
    bring_back_coupon,
    // WeChat Pay and the network, for as long as it lasts.
    fault,
    slow_replies,
    quota,
    user_limit,
    // The operator.
    clock_step,
    reload,
    sync_all,
    stop,
    kill,
    // The machine, for as long as it lasts.
    disk_fault,
    slow_database,
    foreign_reader,
    foreign_writer,
    file_removed,
    file_replaced,
  };

  int number = 0;  ///< among its schedule's
  Kind kind{};
  milliseconds at{0};
  milliseconds lasts{0};
  int user = 0;                    ///< of the coupon; of a fault: whose calls alone, -1: everybody's
  std::uint64_t dice{};            ///< what else it does follows from it
  double chance = 1;               ///< of a fault: how many of the calls it strikes
  std::optional<Domain> domain{};  ///< of a fault: whose calls alone
  FailureKind failure{};
  std::int64_t amount = 0;  ///< seconds of a clock step, calls of a quota, which write a kill comes before
};

inline constexpr std::size_t kEventKinds = static_cast<std::size_t>(Event::Kind::file_replaced) + 1;
std::string_view name_of(Event::Kind kind);
std::string describe(const Event& event);

/// What a configuration says.
struct Settings {
  std::chrono::seconds interval{120};
  std::size_t concurrency = 4;
  int page_size = 3;
  double max_requests_per_second = 50;
  std::vector<bool> watched;          ///< by user
  std::vector<std::uint64_t> layout;  ///< by user: what its listings are narrowed by
};

std::string describe(const Settings& settings);
/// What a reload brings. Gives the user whose listings are narrowed otherwise now, if there is one.
std::optional<int> change(Settings& settings, const Event& reload);

/// One simulation: all that is not the service's doing. A seed gives one; a part of its events is one, too.
struct Schedule {
  std::uint64_t seed = 0;
  Settings settings;
  bool has_backup = true;
  bool moves_change_order = false;  ///< the API lists what moved last at the end
  milliseconds latency{50};
  milliseconds ends_at{0};                     ///< from then on nothing happens any more
  std::vector<std::int64_t> coupons_at_start;  ///< by user
  std::vector<Event> events;                   ///< in the order of their times
};

Schedule make_schedule(std::uint64_t seed);

}  // namespace couponsync::sim
