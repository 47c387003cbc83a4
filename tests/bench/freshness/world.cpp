#include "bench/freshness/world.h"

#include <boost/json.hpp>

#include <algorithm>
#include <stdexcept>
#include <unordered_map>

namespace couponsync::bench {
namespace {

namespace json = boost::json;

WorldState state_named(std::string_view name) {
  if (name == "PENDING") return WorldState::pending;
  if (name == "EFFECTIVE") return WorldState::effective;
  if (name == "USED") return WorldState::used;
  if (name == "DELETED") return WorldState::deleted;
  if (name == "EXPIRED") return WorldState::expired;
  throw std::runtime_error("unknown state " + std::string(name));
}

double number(const json::object& line, std::string_view name) { return line.at(name).to_number<double>(); }

class Loader {
 public:
  void take(const json::object& line) {
    const std::string_view type = line.at("type").as_string();
    if (type == "world") take_header(line);
    if (type == "stock") take_stock(line);
    if (type == "user") take_user(line);
  }
  World done() { return std::move(world_); }

 private:
  void take_header(const json::object& line) {
    if (line.at("format").to_number<int>() != 1) throw std::runtime_error("not format 1");
    world_.name = line.at("name").as_string().c_str();
    world_.seed = line.at("seed").to_number<std::uint64_t>();
    world_.warm = number(line, "warm");
    world_.end = number(line, "end");
    world_.tail_end = number(line, "tail_end");
    world_.epoch = number(line, "epoch");
    world_.page_size = line.at("page_size").to_number<std::uint32_t>();
  }

  std::uint32_t stock_of(std::string_view name) {
    const auto [place, is_new] =
        stocks_.try_emplace(std::string(name), static_cast<std::uint32_t>(world_.sends.size()));
    if (is_new) world_.sends.emplace_back();
    return place->second;
  }

  void take_stock(const json::object& line) {
    auto& sends = world_.sends[stock_of(line.at("stock").as_string())];
    for (const json::value& at : line.at("sends").as_array()) sends.push_back(at.to_number<double>());
  }

  void take_user(const json::object& line) {
    auto& coupons = world_.users.emplace_back();
    for (const json::value& one : line.at("coupons").as_array())
      coupons.push_back(coupon_of(one.as_object()));
    std::ranges::stable_sort(coupons, {}, [](const WorldCoupon& coupon) { return coupon.events.front().at; });
  }

  WorldCoupon coupon_of(const json::object& from) {
    WorldCoupon coupon{stock_of(from.at("stock").as_string()),
                       number(from, "receive"),
                       number(from, "begin"),
                       number(from, "end"),
                       {}};
    for (const json::value& one : from.at("events").as_array()) {
      const json::array& event = one.as_array();
      coupon.events.push_back({event.at(0).to_number<double>(), state_named(event.at(1).as_string()),
                               event.size() > 2 || event.at(1).as_string() == "USED"});
    }
    if (coupon.events.empty()) throw std::runtime_error("a coupon without events");
    return coupon;
  }

  World world_;
  std::unordered_map<std::string, std::uint32_t> stocks_;
};

}  // namespace

std::uint32_t World::pages(std::uint64_t coupons) const {
  return static_cast<std::uint32_t>(std::max<std::uint64_t>(1, (coupons + page_size - 1) / page_size));
}

double World::pages_at_start() const {
  double sum = 0;
  for (const auto& coupons : users) {
    const auto there = std::ranges::count_if(
        coupons, [](const WorldCoupon& coupon) { return coupon.events.front().at <= 0; });
    sum += pages(static_cast<std::uint64_t>(there));
  }
  return sum;
}

World load_world(std::istream& lines) {
  Loader loader;
  std::string line;
  while (std::getline(lines, line)) {
    if (!line.empty()) loader.take(json::parse(line).as_object());
  }
  World world = loader.done();
  if (world.users.empty()) throw std::runtime_error("a world without users");
  return world;
}

}  // namespace couponsync::bench
