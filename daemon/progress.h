#pragma once

#include "store/records.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <functional>
#include <string>

namespace couponsync::daemon {

/// "137/300 listings  5210 coupons  48.2 requests/s  12x 429  about 9 s left"
std::string progress_line(const RunCounters& counters, std::chrono::duration<double> elapsed);

/// The live line of `once` on a terminal: redrawn on stderr a few times a second while this lives, then
/// removed. Does nothing where stderr is no terminal, or none any more. On the io thread; what `counters`
/// gives outlives it.
class Progress {
 public:
  Progress(const boost::asio::any_io_executor& executor, std::function<RunCounters()> counters);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();

 private:
  void redraw_later();
  void show(const std::string& line);

  std::function<RunCounters()> counters_;
  boost::asio::steady_timer timer_;
  std::chrono::steady_clock::time_point began_;
  bool on_terminal_;
};

}  // namespace couponsync::daemon
