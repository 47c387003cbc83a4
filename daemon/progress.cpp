#include "progress.h"

#include "terminal.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

namespace couponsync::daemon {
namespace {

constexpr std::chrono::milliseconds kRedrawEvery{200};

}  // namespace

std::string progress_line(const RunCounters& counters, std::chrono::duration<double> elapsed) {
  const std::int64_t done = counters.listings_ok + counters.listings_failed;
  const double seconds = elapsed.count();
  const double rate = seconds > 0 ? static_cast<double>(counters.requests) / seconds : 0;
  std::string line = fmt::format("{}/{} listings  {} coupons  {:.1f} requests/s  {}x 429", done,
                                 counters.listings_total, counters.coupons_seen, rate, counters.rate_limited);
  if (done > 0 && done < counters.listings_total)
    line += fmt::format("  about {:.0f} s left", seconds / static_cast<double>(done) *
                                                     static_cast<double>(counters.listings_total - done));
  return line;
}

Progress::Progress(const boost::asio::any_io_executor& executor, const RunCounters& counters)
    : counters_(counters),
      timer_(executor),
      began_(std::chrono::steady_clock::now()),
      on_terminal_(stderr_is_terminal()) {
  if (on_terminal_) redraw_later();
}

Progress::~Progress() {
  if (on_terminal_) std::fputs(kClearLine, stderr);
}

void Progress::redraw_later() {
  timer_.expires_after(kRedrawEvery);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    std::string line = progress_line(counters_, std::chrono::steady_clock::now() - began_);
    // A line that wraps could not be cleared any more. The last column stays free, where some terminals wrap.
    line.resize(std::min(line.size(), std::max<std::size_t>(terminal_columns(), 2) - 1));
    std::fprintf(stderr, "%s%s", kClearLine, line.c_str());
    redraw_later();
  });
}

}  // namespace couponsync::daemon
