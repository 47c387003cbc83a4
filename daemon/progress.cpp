#include "progress.h"

#include "standard_streams.h"
#include "terminal.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <unistd.h>
#include <utility>

namespace couponsync::daemon {
namespace {

constexpr std::chrono::milliseconds kRedrawEvery{200};
/// A terminal that is held (Ctrl-S) misses a line; it must not hold up the reading.
constexpr std::chrono::milliseconds kNoPatience{0};

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

Progress::Progress(const boost::asio::any_io_executor& executor, std::function<RunCounters()> counters)
    : counters_(std::move(counters)),
      timer_(executor),
      began_(std::chrono::steady_clock::now()),
      on_terminal_(stderr_is_terminal()) {
  if (on_terminal_) redraw_later();
}

Progress::~Progress() {
  if (on_terminal_) show("");
}

void Progress::redraw_later() {
  timer_.expires_after(kRedrawEvery);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    std::string line = progress_line(counters_(), std::chrono::steady_clock::now() - began_);
    // A line that wraps could not be cleared any more. The last column stays free, where some terminals wrap.
    line.resize(std::min(line.size(), std::max<std::size_t>(terminal_columns(), 2) - 1));
    show(line);
    if (on_terminal_) redraw_later();
  });
}

void Progress::show(const std::string& line) {
  const int error = write_to(STDERR_FILENO, kClearLine + line, kNoPatience).error;
  if (error != 0 && error != ETIMEDOUT) on_terminal_ = false;
}

}  // namespace couponsync::daemon
