#include "logging.h"

#include "standard_streams.h"
#include "stderr_sink.h"
#include "terminal.h"

#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>
#include <boost/json/value.hpp>
#include <spdlog/details/os.h>
#include <spdlog/formatter.h>
#include <spdlog/pattern_formatter.h>

#include <chrono>
#include <cstdlib>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

namespace couponsync::daemon {
namespace {

void append(spdlog::memory_buf_t& out, std::string_view text) {
  out.append(text.data(), text.data() + text.size());
}

/// {"time":"2026-01-15T08:00:00.123Z","level":"info","message":"..."}
class JsonFormatter final : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
    const auto millis =
        std::chrono::duration_cast<std::chrono::milliseconds>(message.time.time_since_epoch()).count();
    const std::tm utc = spdlog::details::os::gmtime(spdlog::log_clock::to_time_t(message.time));
    fmt::format_to(std::back_inserter(out),
                   R"({{"time":"{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z","level":"{}","message":)",
                   utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                   millis % 1000, to_string_view(message.level));
    const boost::json::string_view payload(message.payload.data(), message.payload.size());
    append(out, boost::json::serialize(boost::json::value(payload)));
    append(out, "}\n");
  }
  std::unique_ptr<spdlog::formatter> clone() const override { return std::make_unique<JsonFormatter>(); }
};

/// Each line begins with the syslog level, as systemd reads it (sd-daemon(3)).
void append_for_journal(spdlog::memory_buf_t& out, std::string_view level, std::string_view text) {
  while (true) {
    const std::size_t end = text.find('\n');
    append(out, level);
    append(out, text.substr(0, end));
    append(out, "\n");
    if (end == std::string_view::npos) return;
    text.remove_prefix(end + 1);
  }
}

constexpr std::string_view kJournalError = "<3>";

class JournalFormatter final : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
    append_for_journal(out, level_of(message.level), {message.payload.data(), message.payload.size()});
  }
  std::unique_ptr<spdlog::formatter> clone() const override { return std::make_unique<JournalFormatter>(); }

 private:
  static std::string_view level_of(spdlog::level::level_enum level) {
    switch (level) {
      case spdlog::level::critical:
        return "<2>";
      case spdlog::level::err:
        return kJournalError;
      case spdlog::level::warn:
        return "<4>";
      case spdlog::level::info:
        return "<6>";
      default:
        return "<7>";
    }
  }
};

/// systemd names the stream that it connected stderr to; a child with another stderr inherits the name, too
/// (systemd.exec(5)).
bool stderr_is_journal() {
  const char* stream = std::getenv("JOURNAL_STREAM");
  struct stat found{};
  if (stream == nullptr || fstat(STDERR_FILENO, &found) != 0) return false;
  return fmt::format("{}:{}", found.st_dev, found.st_ino) == stream;
}

std::unique_ptr<spdlog::formatter> make_formatter(LogFormat format) {
  if (format == LogFormat::json) return std::make_unique<JsonFormatter>();
  if (stderr_is_journal()) return std::make_unique<JournalFormatter>();
  // On a terminal the live progress line gives way to a message.
  const std::string begin = stderr_is_terminal() ? kClearLine : "";
  return std::make_unique<spdlog::pattern_formatter>(begin + "%Y-%m-%dT%H:%M:%S.%e%z %-8l %v");
}

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::trace:
      return spdlog::level::trace;
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warn:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

}  // namespace

void apply_log_options(spdlog::logger& logger, const Configuration::Log& options) {
  logger.set_formatter(make_formatter(options.format));
  logger.set_level(to_spdlog(options.level));
}

std::shared_ptr<spdlog::logger> make_logger(const Configuration::Log& options) {
  auto logger = std::make_shared<spdlog::logger>("couponsyncd", std::make_shared<StderrSink>());
  apply_log_options(*logger, options);
  return logger;
}

void complain(std::string_view why) {
  spdlog::memory_buf_t out;
  const std::string text = fmt::format("couponsyncd: {}", why);
  if (stderr_is_journal())
    append_for_journal(out, kJournalError, text);
  else
    append(out, text + "\n");
  write_to(STDERR_FILENO, {out.data(), out.size()}, std::chrono::seconds(1));
}

}  // namespace couponsync::daemon
