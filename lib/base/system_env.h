#pragma once

#include "base/env.h"

#include <random>

namespace couponsync {

/// The real clocks, the running coroutine's own timers, and OpenSSL's generator.
class SystemEnv final : public Env {
 public:
  SystemEnv();

  SteadyTime steady_now() const override { return std::chrono::steady_clock::now(); }
  WallTime wall_now() const override { return std::chrono::system_clock::now(); }
  Task<> sleep_until(SteadyTime when) override;
  void random_bytes(std::span<std::byte> out) override;
  double random_unit() override;

 private:
  std::mt19937_64 generator_;
};

}  // namespace couponsync
