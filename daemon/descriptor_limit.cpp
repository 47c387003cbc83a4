#include "descriptor_limit.h"

#include "configuration/configuration_error.h"
#include "net/https_transport.h"

#include <fmt/format.h>

#include <cerrno>
#include <sys/resource.h>
#include <system_error>

namespace couponsync::daemon {
namespace {

/// The mirror with its log and its readers, http.listen with its clients, name look-ups, files that a reload
/// reads, the event loop's own, standard streams, and as many again for what nobody thought of.
constexpr std::uint64_t kEverythingElse = 96;
constexpr std::uint64_t kFixed = kSpareSockets + kEverythingElse;

std::uint64_t domains_of(const Configuration& configuration) { return configuration.api.backup ? 2 : 1; }

rlimit limit_now() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
    throw std::system_error(errno, std::generic_category(), "getrlimit(RLIMIT_NOFILE)");
  return limit;
}

[[noreturn]] void refuse(const std::string& why) { throw ConfigurationError("/sync/concurrency", why); }

}  // namespace

std::uint64_t needed_descriptors(const Configuration& configuration) {
  return kFixed + domains_of(configuration) * static_cast<std::uint64_t>(configuration.sync.concurrency);
}

std::string descriptor_objection(const Configuration& configuration, std::uint64_t hard) {
  const std::uint64_t needed = needed_descriptors(configuration);
  if (needed <= hard) return {};
  const std::uint64_t affordable = hard > kFixed ? (hard - kFixed) / domains_of(configuration) : 0;
  return fmt::format(
      "found {}, for which this process needs {} file descriptors, and its hard limit is {}: {}allow it "
      "more, by "
      "LimitNOFILE={} in the unit, elsewhere by ulimit -n",
      configuration.sync.concurrency, needed, hard,
      affordable > 0 ? fmt::format("lower it to {}, or ", affordable) : "", needed);
}

std::string descriptor_objection(const Configuration& configuration) {
  return descriptor_objection(configuration, limit_now().rlim_max);
}

void provide_descriptors(const Configuration& configuration) {
  rlimit limit = limit_now();
  const std::string objection = descriptor_objection(configuration, limit.rlim_max);
  if (!objection.empty()) refuse(objection);
  const std::uint64_t needed = needed_descriptors(configuration);
  if (limit.rlim_cur >= needed) return;
  limit.rlim_cur = needed;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
    refuse(
        fmt::format("found {}, for which this process needs {} file descriptors, and it was not allowed to "
                    "raise its limit to that: {}",
                    configuration.sync.concurrency, needed, std::generic_category().message(errno)));
}

}  // namespace couponsync::daemon
