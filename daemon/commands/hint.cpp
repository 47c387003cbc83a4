#include "commands/commands.h"
#include "configuration/configuration.h"
#include "configuration/value_rules.h"
#include "configuration/watchlist.h"
#include "exit_code.h"
#include "http/local_call.h"
#include "logging.h"
#include "results.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <boost/system/system_error.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace couponsync::daemon {
namespace {

namespace json = boost::json;

/// So many openids fit into a body that is accepted, however long they are.
constexpr std::size_t kAtOnce = 5'000;
constexpr int kOk = 200;

/// What the service said of some of them.
struct Answer {
  std::int64_t read_next = 0;
  std::int64_t unknown = 0;
};

std::string body_for(std::span<const std::string> openids) {
  json::array list;
  for (const std::string& openid : openids) list.emplace_back(openid);
  return json::serialize(json::object{{"openids", std::move(list)}});
}

std::optional<Answer> answer_in(const std::string& body) {
  boost::system::error_code error;
  const json::value value = json::parse(body, error);
  if (error || !value.is_object()) return std::nullopt;
  const json::value* read_next = value.get_object().if_contains("read_next");
  const json::value* unknown = value.get_object().if_contains("unknown");
  if (read_next == nullptr || unknown == nullptr || !read_next->is_int64() || !unknown->is_int64())
    return std::nullopt;
  return Answer{.read_next = read_next->get_int64(), .unknown = unknown->get_int64()};
}

int fail(ExitCode code, const std::string& why) {
  complain(why);
  return code;
}

}  // namespace

int hint_service(const HintArguments& arguments) {
  const Configuration configuration = load_configuration(arguments.config);
  if (!configuration.http.listen)
    throw ConfigurationError("/http/listen", "is null, and the service takes hints there");
  const std::string& address = *configuration.http.listen;
  std::vector<std::string> openids = arguments.openids;
  for (std::size_t i = 0; i < openids.size(); ++i)
    if (!is_identifier(openids[i]))
      return fail(kExitUsage,
                  fmt::format("openid {} of the command line: allowed is {}", i + 1, kIdentifierAllowed));
  if (!arguments.file.empty())
    for (std::string& openid : read_openids(arguments.file)) openids.push_back(std::move(openid));
  if (openids.empty()) return fail(kExitUsage, "give openids, or --file with some");

  Answer all;
  for (std::span<const std::string> left(openids); !left.empty();) {
    const auto some = left.first(std::min(kAtOnce, left.size()));
    left = left.subspan(some.size());
    try {
      const LocalReply reply = post_json(address, "/hint", body_for(some));
      const std::optional<Answer> answer = answer_in(reply.body);
      if (reply.status != kOk || !answer)
        return fail(kExitIncomplete, fmt::format("{}: the service refused the hint with {}: {}", address,
                                                 reply.status, reply.body));
      all.read_next += answer->read_next;
      all.unknown += answer->unknown;
    } catch (const boost::system::system_error& error) {
      return fail(kExitIncomplete, fmt::format("{}: the service does not answer: {}; is it running?", address,
                                               error.code().message()));
    }
  }
  print(fmt::format("couponsyncd: {} users are read next\n", all.read_next));
  if (all.unknown > 0) return fail(kExitUsage, fmt::format("{} users are on no watchlist", all.unknown));
  return kExitOk;
}

}  // namespace couponsync::daemon
