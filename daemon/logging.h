#pragma once

#include "configuration/configuration.h"

#include <spdlog/logger.h>

#include <memory>
#include <string_view>

namespace couponsync::daemon {

/// The log: one line a message on stderr. Text lines carry a time, except to systemd's journal, which adds
/// its own and is told the level by a "<N>" prefix; JSON lines carry both. Whatever becomes of stderr does no
/// harm (StderrSink). Thread-safe.
std::shared_ptr<spdlog::logger> make_logger(const Configuration::Log& options);

/// Changes level and format, as a reload may.
void apply_log_options(spdlog::logger& logger, const Configuration::Log& options);

/// "couponsyncd: WHY" on stderr: why the program ends, where there is no log to say it. Nobody can be told if
/// that fails.
void complain(std::string_view why);

}  // namespace couponsync::daemon
