#pragma once

#include "configuration/configuration.h"

#include <spdlog/logger.h>

#include <memory>

namespace couponsync::daemon {

/// The log: one line a message on stderr. Text lines carry a time, except under systemd, which adds its own
/// and is told the level by a "<N>" prefix; JSON lines carry both. Thread-safe.
std::shared_ptr<spdlog::logger> make_logger(const Configuration::Log& options);

/// For what must be said before there is a configuration.
std::shared_ptr<spdlog::logger> make_early_logger();

/// Changes level and format, as a reload may.
void apply_log_options(spdlog::logger& logger, const Configuration::Log& options);

}  // namespace couponsync::daemon
