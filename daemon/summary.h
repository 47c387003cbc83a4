#pragma once

#include "store/records.h"

#include <boost/json/object.hpp>

#include <string>

namespace couponsync::daemon {

/// One line for the log.
std::string summary_line(const RunCounters& counters);
/// A small table for people.
std::string summary_text(const RunCounters& counters);
boost::json::object to_json(const RunCounters& counters);
/// The one object of `once --json`.
std::string summary_json(const RunCounters& counters);

}  // namespace couponsync::daemon
