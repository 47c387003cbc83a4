#include "summary.h"

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

namespace couponsync::daemon {

std::string summary_line(const RunCounters& c) {
  return fmt::format(
      "{} of {} listings read, {} failed; {} coupons on {} pages: {} new, {} changed, {} unchanged, {} "
      "missing; "
      "{} requests, {} refused as too fast, {} retries, {} failovers, {} KiB in {:.1f} s",
      c.listings_ok, c.listings_total, c.listings_failed, c.coupons_seen, c.pages, c.inserted, c.updated,
      c.unchanged, c.missing, c.requests, c.rate_limited, c.retries, c.failovers, c.bytes / 1024, c.seconds);
}

std::string summary_text(const RunCounters& c) {
  return fmt::format(
      "listings  {} of {} read, {} failed\n"
      "coupons   {} seen on {} pages: {} new, {} changed, {} unchanged, {} missing\n"
      "requests  {} in {:.1f} s ({:.1f}/s), {} KiB; {} refused as too fast, {} retries, {} failovers\n",
      c.listings_ok, c.listings_total, c.listings_failed, c.coupons_seen, c.pages, c.inserted, c.updated,
      c.unchanged, c.missing, c.requests, c.seconds,
      c.seconds > 0 ? static_cast<double>(c.requests) / c.seconds : 0.0, c.bytes / 1024, c.rate_limited,
      c.retries, c.failovers);
}

boost::json::object to_json(const RunCounters& c) {
  return {{"listings_total", c.listings_total},
          {"listings_ok", c.listings_ok},
          {"listings_failed", c.listings_failed},
          {"pages", c.pages},
          {"requests", c.requests},
          {"coupons_seen", c.coupons_seen},
          {"inserted", c.inserted},
          {"updated", c.updated},
          {"unchanged", c.unchanged},
          {"missing", c.missing},
          {"rate_limited", c.rate_limited},
          {"retries", c.retries},
          {"failovers", c.failovers},
          {"bytes", c.bytes},
          {"seconds", c.seconds}};
}

std::string summary_json(const RunCounters& c) { return boost::json::serialize(to_json(c)); }

}  // namespace couponsync::daemon
