#include "commands/commands.h"
#include "configuration/configuration.h"
#include "configuration/value_rules.h"
#include "configuration/watchlist.h"
#include "exit_code.h"
#include "http/listener.h"
#include "logging.h"
#include "results.h"

#include <boost/asio/io_context.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace couponsync::daemon {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
namespace json = boost::json;
using Stream = boost::beast::basic_stream<asio::generic::stream_protocol>;

constexpr std::chrono::seconds kPatience{10};
/// So many openids fit into a body that is accepted, however long they are.
constexpr std::size_t kAtOnce = 5'000;
constexpr unsigned kHttp11 = 11;

/// What the service said of some of them.
struct Answer {
  std::int64_t read_next = 0;
  std::int64_t unknown = 0;
};

/// One request on a connection of its own, and its reply; throws boost::system::system_error.
class PlainCall {
 public:
  explicit PlainCall(const std::string& address) : stream_(context_) {
    stream_.expires_after(kPatience);
    start([&](auto done) { stream_.async_connect(endpoint_at(address), std::move(done)); });
  }

  http::response<http::string_body> post(http::request<http::string_body> request) {
    http::response<http::string_body> response;
    boost::beast::flat_buffer buffer;
    start([&](auto done) { http::async_write(stream_, request, without_size(std::move(done))); });
    start([&](auto done) { http::async_read(stream_, buffer, response, without_size(std::move(done))); });
    return response;
  }

 private:
  template <class Done>
  static auto without_size(Done done) {
    return [done](const boost::system::error_code& error, std::size_t) { done(error); };
  }

  template <class Start>
  void start(Start operation) {
    boost::system::error_code result;
    operation([&result](const boost::system::error_code& error) { result = error; });
    context_.restart();
    context_.run();
    if (result) throw boost::system::system_error(result);
  }

  asio::io_context context_;
  Stream stream_;
};

http::request<http::string_body> request_for(const std::vector<std::string>& openids, std::size_t from,
                                             std::size_t to) {
  json::array list;
  for (std::size_t i = from; i < to; ++i) list.emplace_back(openids[i]);
  http::request<http::string_body> request{http::verb::post, "/hint", kHttp11};
  request.set(http::field::host, "localhost");
  request.set(http::field::content_type, "application/json");
  request.body() = json::serialize(json::object{{"openids", std::move(list)}});
  request.prepare_payload();
  return request;
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
  for (std::size_t from = 0; from < openids.size(); from += kAtOnce) {
    try {
      const auto response =
          PlainCall(address).post(request_for(openids, from, std::min(from + kAtOnce, openids.size())));
      const std::optional<Answer> answer = answer_in(response.body());
      if (response.result() != http::status::ok || !answer)
        return fail(kExitIncomplete, fmt::format("{}: the service refused the hint with {}: {}", address,
                                                 response.result_int(), response.body()));
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
