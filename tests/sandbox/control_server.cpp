#include "sandbox/control_server.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/url/parse.hpp>

#include <chrono>
#include <optional>
#include <stdexcept>
#include <utility>

namespace couponsync::sandbox {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
namespace json = boost::json;
using asio::ip::tcp;

constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);

/// There is no such path.
class NotFound : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

std::optional<std::string> parameter(const std::string& target, std::string_view name) {
  const auto url = boost::urls::parse_origin_form(target);
  if (!url) return std::nullopt;
  for (const auto& param : url->params())
    if (param.key == name) return param.value;
  return std::nullopt;
}

json::object describe(const Data& data, const User& user) {
  json::array coupons;
  for (const json::object& entry : user.coupons) coupons.push_back(entry);
  return {{"appid", data.appid()}, {"openid", user.openid}, {"coupons", std::move(coupons)}};
}

std::string error_body(const std::string& what) { return json::serialize(json::object{{"error", what}}); }

}  // namespace

ControlServer::ControlServer(Deps deps, std::uint16_t port)
    : deps_(std::move(deps)), acceptor_(deps_.context, {asio::ip::address_v4::loopback(), port}) {
  asio::co_spawn(deps_.context, accept(), asio::detached);
  deps_.service.data().on_change = [this](const Change& change) {
    const auto at = std::chrono::system_clock::now().time_since_epoch();
    changes_.push_back(
        json::object{{"at_ms", std::chrono::duration_cast<std::chrono::milliseconds>(at).count()},
                     {"op", change.op},
                     {"openid", change.openid},
                     {"coupon_code", change.entry.at("coupon_code")},
                     {"stock_id", change.entry.at("stock").at("stock_id")}});
    if (deps_.notifier != nullptr) deps_.notifier->changed(change);
  };
}

asio::awaitable<void> ControlServer::accept() {
  for (;;) {
    auto [error, socket] = co_await acceptor_.async_accept(kTuple);
    if (error == asio::error::operation_aborted) co_return;
    if (!error) asio::co_spawn(deps_.context, serve(std::move(socket)), asio::detached);
  }
}

asio::awaitable<void> ControlServer::serve(tcp::socket socket) {
  boost::beast::flat_buffer buffer;
  http::request<http::string_body> request;
  const auto [error, size] = co_await http::async_read(socket, buffer, request, kTuple);
  if (error) co_return;
  std::string method(request.method_string());
  std::string target(request.target());
  std::string body = request.body();
  Answer result = co_await answer(std::move(method), std::move(target), std::move(body));
  http::response<http::string_body> response{static_cast<http::status>(result.status), 11};
  response.set(http::field::content_type, "application/json");
  response.keep_alive(false);
  response.body() = std::move(result.body);
  response.prepare_payload();
  co_await http::async_write(socket, response, kTuple);
}

asio::awaitable<ControlServer::Answer> ControlServer::answer(std::string method, std::string target,
                                                             std::string body) {
  const std::string path = target.substr(0, target.find('?'));
  Answer result;
  try {
    if (method == "GET" && path == "/wait") {
      result = co_await wait(target);
    } else if (method == "POST" && path == "/notify") {
      result = co_await notify(body);
    } else if (method == "GET") {
      result.body = get(path, target);
    } else if (method == "POST") {
      result.body = post(path, body);
    } else if (method == "DELETE" && path == "/faults") {
      deps_.service.faults().clear();
      deps_.faults_changed();
      result.body = "{}";
    } else {
      throw NotFound(method + " " + path);
    }
  } catch (const NotFound& error) {
    result = {404, error_body(error.what())};
  } catch (const std::exception& error) {
    result = {400, error_body(error.what())};
  }
  co_return result;
}

asio::awaitable<ControlServer::Answer> ControlServer::wait(std::string target) {
  const std::chrono::milliseconds at_most(std::stol(parameter(target, "timeout_ms").value_or("60000")));
  const std::optional<std::string> requests = parameter(target, "requests");
  const std::optional<std::string> held = parameter(target, "held");
  if (!requests && !held) throw std::invalid_argument("give requests=N or held=N");
  bool reached = false;
  if (requests)
    reached = co_await deps_.turnstile.wait_arrived(std::stol(*requests), at_most);
  else
    reached = co_await deps_.turnstile.wait_held(std::stol(*held), at_most);
  Answer result;
  result.status = reached ? 200 : 408;
  result.body = reached ? "{}" : error_body("not reached in time");
  co_return result;
}

asio::awaitable<ControlServer::Answer> ControlServer::notify(std::string body) {
  if (deps_.notifier == nullptr) throw std::invalid_argument("there is no --notify");
  std::string kind(json::parse(body).at("kind").as_string().c_str());
  const int status = co_await deps_.notifier->send_odd(std::move(kind));
  Answer result;
  result.body = json::serialize(json::object{{"status", status}});
  co_return result;
}

std::string ControlServer::get(std::string_view path, const std::string& target) {
  if (path == "/stats") return json::serialize(deps_.service.stats());
  if (path == "/changes") return json::serialize(changes_);
  if (path == "/notifications")
    return json::serialize(deps_.notifier == nullptr ? json::object() : deps_.notifier->stats());
  if (path == "/config") return deps_.configuration();
  if (path == "/log") {
    const auto after = static_cast<std::size_t>(std::stol(parameter(target, "after").value_or("0")));
    const json::array& log = deps_.service.log();
    json::array rest;
    for (std::size_t i = after; i < log.size(); ++i) rest.push_back(log[i]);
    return json::serialize(rest);
  }
  if (path == "/truth") {
    const std::optional<std::string> openid = parameter(target, "openid");
    const Data& data = deps_.service.data();
    json::array users;
    for (const User& user : data.users())
      if (!openid || *openid == user.openid) users.push_back(describe(data, user));
    return json::serialize(users);
  }
  throw NotFound("GET " + std::string(path));
}

std::string ControlServer::post(std::string_view path, const std::string& body) {
  const json::value parsed = json::parse(body);
  const json::object& object = parsed.as_object();
  const auto number = [&object](const char* name, double otherwise) {
    return object.contains(name) ? object.at(name).to_number<double>() : otherwise;
  };
  if (path == "/faults") {
    deps_.service.faults().add(parse_fault(object));
    deps_.faults_changed();
    return "{}";
  }
  if (path == "/quota") {
    const auto kind = quota_kind(object.contains("kind") ? object.at("kind").as_string().c_str() : "bucket");
    if (!kind) throw std::invalid_argument("kind is none of bucket, second, minute");
    deps_.service.quota().set(number("quota", 0), *kind, std::chrono::steady_clock::now());
    return "{}";
  }
  if (path == "/latency") {
    deps_.service.set_latency(static_cast<int>(number("ms", 0)));
    return "{}";
  }
  if (path == "/gate") {
    if (object.contains("open"))
      deps_.turnstile.open();
    else
      deps_.turnstile.shut_after(static_cast<std::int64_t>(number("after_requests", 0)));
    return "{}";
  }
  if (path == "/mutations") {
    Data& data = deps_.service.data();
    const std::string op(object.at("op").as_string().c_str());
    const auto count = static_cast<int>(number("count", 1));
    if (op == "random") return json::serialize(json::object{{"changed", data.mutate_at_random(count)}});
    User* user = data.find(object.at("openid").as_string().c_str());
    if (user == nullptr) throw std::invalid_argument("no such openid");
    return json::serialize(json::object{{"changed", data.mutate(*user, op, count)}});
  }
  throw NotFound("POST " + std::string(path));
}

}  // namespace couponsync::sandbox
