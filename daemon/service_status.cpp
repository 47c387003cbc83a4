#include "service_status.h"

#include "spoken_duration.h"

#include <fmt/format.h>

#include <string_view>

namespace couponsync::daemon {
namespace {

std::string_view domain_in_use(bool primary_avoided, bool backup_avoided) {
  if (!primary_avoided) return "primary domain";
  return backup_avoided ? "no domain works, trying them in turn" : "backup domain, the primary is avoided";
}

}  // namespace

std::string ServiceStatus::text() const {
  std::string text = fmt::format("{} of {} listings fresh", listings.fresh, listings.watched);
  if (listings.failing > 0) text += fmt::format(", {} failing", listings.failing);
  if (listings.next_due)
    text += fmt::format("; next due in {}", spoken(std::chrono::seconds(*listings.next_due - now)));
  text += fmt::format("; up to {:.1f} requests/s", requests_per_second);
  if (learned)
    text += fmt::format(" of {:.1f} learned", learned->requests_per_second);
  else
    text += ", the quota was not met yet";
  text += fmt::format("; {}", domain_in_use(primary_avoided, backup_avoided));
  if (!activity.empty()) text += "; " + activity;
  if (!unserved.empty()) text += "; " + unserved;
  return text;
}

}  // namespace couponsync::daemon
