#include "service_status.h"

#include "spoken_duration.h"

#include <fmt/format.h>

#include <string_view>

namespace couponsync::daemon {
namespace {

std::string_view domain_in_use(const ServiceStatus& status) {
  if (!status.primary_avoided) return "primary domain";
  if (!status.has_backup) return "the primary domain is avoided and there is no backup";
  return status.backup_avoided ? "no domain works, trying them in turn"
                               : "backup domain, the primary is avoided";
}

}  // namespace

std::string ServiceStatus::text() const {
  std::string text = fmt::format("{} of {} listings fresh", fresh, listings);
  if (failing > 0) text += fmt::format(", {} failing", failing);
  if (next_due_in > std::chrono::seconds(0)) text += fmt::format("; next due in {}", spoken(*next_due_in));
  if (!pause.empty()) text += "; " + pause;
  text += fmt::format("; up to {:.1f} requests/s", requests_per_second);
  if (learned)
    text += fmt::format(" of {:.1f} learned", learned->requests_per_second);
  else
    text += ", the quota was not met yet";
  text += fmt::format("; {}", domain_in_use(*this));
  if (!activity.empty()) text += "; " + activity;
  if (!unserved.empty()) text += "; " + unserved;
  return text;
}

}  // namespace couponsync::daemon
