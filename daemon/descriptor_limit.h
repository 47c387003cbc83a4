#pragma once

#include "configuration/configuration.h"

#include <cstdint>
#include <string>

namespace couponsync::daemon {

/// How many file descriptors a process with this configuration holds at most: a connection to each domain for
/// every listing that is read at once, and what does not depend on the configuration.
std::uint64_t needed_descriptors(const Configuration& configuration);

/// Why `hard` descriptors are too few for this configuration, and what to do about it; empty if they are not.
std::string descriptor_objection(const Configuration& configuration, std::uint64_t hard);
/// The same for this process's hard limit.
std::string descriptor_objection(const Configuration& configuration);

/// Raises the process's soft limit to what the configuration needs; never lowers it. Throws
/// ConfigurationError for sync.concurrency if that is not allowed, and then leaves the limit as it was.
void provide_descriptors(const Configuration& configuration);

}  // namespace couponsync::daemon
