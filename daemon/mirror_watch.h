#pragma once

#include "store/writer.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <spdlog/logger.h>

#include <chrono>
#include <functional>
#include <memory>

namespace couponsync::daemon {

/// Hears from the database thread what no job would tell: that the mirror's files went away, and that its
/// log cannot be moved into the file, or can again, which it writes to the log. On the io thread.
class MirrorWatch {
 public:
  static constexpr std::chrono::milliseconds kEvery{500};

  /// `lost` is called once at most. `writer` outlives it.
  MirrorWatch(const boost::asio::any_io_executor& executor, const Writer& writer,
              std::shared_ptr<spdlog::logger> log, std::function<void()> lost);

 private:
  void look();
  void look_again_later();

  const Writer& writer_;
  std::shared_ptr<spdlog::logger> log_;
  std::function<void()> lost_;
  boost::asio::steady_timer timer_;
  bool checkpoint_fails_ = false;
};

/// What is logged when the mirror is closed with something left in its log.
void tell_of_left_log(spdlog::logger& log, const std::filesystem::path& mirror, std::uintmax_t bytes);

}  // namespace couponsync::daemon
