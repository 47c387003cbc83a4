#pragma once

#include <spdlog/sinks/base_sink.h>

#include <cstddef>
#include <mutex>
#include <string_view>

namespace couponsync::daemon {

/// Writes log messages to stderr, and lets nothing that becomes of it harm the service: a full disk, a reader
/// that went away, a pipe that nobody empties. What cannot be written is counted, and the first message that
/// gets through again is preceded by how many were lost and why. A stream that takes nothing is waited for
/// once, for a second; from then on messages are dropped at once until it takes one. Thread-safe.
class StderrSink final : public spdlog::sinks::base_sink<std::mutex> {
 protected:
  void sink_it_(const spdlog::details::log_msg& message) override;
  void flush_() override {}

 private:
  bool write_notice(const spdlog::details::log_msg& before);
  bool write(const spdlog::details::log_msg& message);

  std::size_t lost_ = 0;
  int error_ = 0;             ///< of the last message that was lost
  bool stalled_ = false;      ///< it took nothing for as long as we waited
  bool line_is_cut_ = false;  ///< only the beginning of the last message was written
};

}  // namespace couponsync::daemon
