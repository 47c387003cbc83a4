#include "e2e/sandbox.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <fstream>
#include <iterator>
#include <stdexcept>

namespace couponsync::test {
namespace {

namespace http = boost::beast::http;
using boost::asio::ip::tcp;

std::vector<std::string> sandbox_command(const std::filesystem::path& folder,
                                         std::vector<std::string> options) {
  std::vector<std::string> command{COUPONSYNC_SANDBOX_PROGRAM, "--directory", folder.string(),
                                   "--exit-with-parent"};
  command.insert(command.end(), options.begin(), options.end());
  return command;
}

std::string port_of(const boost::json::value& url) {
  const std::string text(url.as_string());
  return text.substr(text.rfind(':') + 1);
}

}  // namespace

Sandbox::Sandbox(const std::filesystem::path& folder, std::vector<std::string> options)
    : folder_(folder), process_(sandbox_command(folder, std::move(options)), folder.parent_path()) {
  control_port_ = port_of(boost::json::parse(process_.first_line()).at("control"));
}

boost::json::value Sandbox::request(const std::string& method, const std::string& target,
                                    const std::string& body) const {
  boost::asio::io_context context;
  tcp::socket socket(context);
  socket.connect(
      {boost::asio::ip::address_v4::loopback(), static_cast<std::uint16_t>(std::stoi(control_port_))});
  http::request<http::string_body> request{http::string_to_verb(method), target, 11};
  request.set(http::field::host, "127.0.0.1");
  request.set(http::field::connection, "close");
  request.body() = body;
  request.prepare_payload();
  http::write(socket, request);
  boost::beast::flat_buffer buffer;
  http::response_parser<http::string_body> reply;
  reply.body_limit(1U << 30U);
  http::read(socket, buffer, reply);
  const auto& message = reply.get();
  if (message.result_int() / 100 != 2)
    throw std::runtime_error(method + " " + target + ": " + std::to_string(message.result_int()) + " " +
                             message.body());
  return message.body().empty() ? boost::json::value() : boost::json::parse(message.body());
}

boost::json::value Sandbox::get(const std::string& target) const { return request("GET", target, ""); }

boost::json::value Sandbox::post(const std::string& target, const boost::json::object& body) const {
  return request("POST", target, boost::json::serialize(body));
}

void Sandbox::clear_faults() const { request("DELETE", "/faults", ""); }

void Sandbox::wait_for_requests(std::int64_t count) const {
  get("/wait?requests=" + std::to_string(count) + "&timeout_ms=60000");
}

std::int64_t Sandbox::requests() const { return static_cast<std::int64_t>(get("/log").as_array().size()); }

boost::json::object Sandbox::read_config() const {
  std::ifstream file(config());
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  return boost::json::parse(text).as_object();
}

void Sandbox::write_config(const boost::json::object& config) const {
  std::ofstream(this->config(), std::ios::trunc) << boost::json::serialize(config);
}

}  // namespace couponsync::test
