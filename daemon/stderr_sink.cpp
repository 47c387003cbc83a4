#include "stderr_sink.h"

#include "standard_streams.h"

#include <cerrno>
#include <string>
#include <system_error>
#include <unistd.h>

namespace couponsync::daemon {
namespace {

constexpr std::chrono::milliseconds kPatience{1'000};
constexpr std::chrono::milliseconds kNone{0};

}  // namespace

void StderrSink::sink_it_(const spdlog::details::log_msg& message) {
  if (lost_ > 0 && !write_notice(message)) {
    ++lost_;
    return;
  }
  lost_ = write(message) ? 0 : 1;
}

bool StderrSink::write_notice(const spdlog::details::log_msg& before) {
  const std::string text = fmt::format("{} log messages could not be written here: {}", lost_,
                                       std::generic_category().message(error_));
  return write({before.time, before.source, before.logger_name, spdlog::level::warn, text});
}

bool StderrSink::write(const spdlog::details::log_msg& message) {
  spdlog::memory_buf_t line;
  if (line_is_cut_) line.push_back('\n');
  formatter_->format(message, line);
  const Written written = write_to(STDERR_FILENO, {line.data(), line.size()}, stalled_ ? kNone : kPatience);
  if (written.bytes > 0) line_is_cut_ = written.bytes < line.size();
  stalled_ = written.error == ETIMEDOUT;
  if (written.error != 0) error_ = written.error;
  return written.error == 0;
}

}  // namespace couponsync::daemon
