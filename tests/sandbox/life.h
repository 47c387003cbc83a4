#pragma once

#include "sandbox/data.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <random>

namespace couponsync::sandbox {

/// Has users receive, use, return and lose coupons while the sandbox runs, so many a second on the mean, at
/// random moments.
class Life {
 public:
  /// `changes_per_second` is above 0.
  Life(boost::asio::io_context& context, Data& data, double changes_per_second);

 private:
  void go_on();

  Data& data_;
  double changes_per_second_;
  boost::asio::steady_timer next_;
  std::mt19937_64 random_{42};
};

}  // namespace couponsync::sandbox
