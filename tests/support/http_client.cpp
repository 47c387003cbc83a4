#include "support/http_client.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <poll.h>
#include <sstream>
#include <stdexcept>
#include <vector>

namespace couponsync::test {
namespace {

namespace asio = boost::asio;
using Protocol = asio::generic::stream_protocol;

Protocol::endpoint endpoint_of(const std::string& address) {
  if (address.starts_with("unix:")) return asio::local::stream_protocol::endpoint(address.substr(5));
  const std::size_t colon = address.rfind(':');
  const auto host = asio::ip::make_address(address.substr(0, colon));
  return asio::ip::tcp::endpoint(host, static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1))));
}

/// name{b="2",a="1"} with its labels in order.
std::string in_order(const std::string& series) {
  const std::size_t brace = series.find('{');
  if (brace == std::string::npos) return series;
  if (series.back() != '}') throw std::runtime_error("not a series: " + series);
  std::istringstream inside(series.substr(brace + 1, series.size() - brace - 2));
  std::vector<std::string> labels;
  for (std::string label; std::getline(inside, label, ',');) labels.push_back(label);
  std::ranges::sort(labels);
  std::string text = series.substr(0, brace) + "{";
  for (const std::string& label : labels) text += (text.back() == '{' ? "" : ",") + label;
  return text + "}";
}

}  // namespace

HttpClient::HttpClient(const std::string& address) : socket_(context_) {
  const Protocol::endpoint endpoint = endpoint_of(address);
  socket_.open(endpoint.protocol());
  socket_.connect(endpoint);
}

bool HttpClient::send(std::string_view bytes) {
  boost::system::error_code error;
  asio::write(socket_, asio::buffer(bytes), error);
  return !error;
}

std::string HttpClient::receive_all() {
  std::string text;
  boost::system::error_code end;
  asio::read(socket_, asio::dynamic_buffer(text), end);
  return text;
}

void HttpClient::dribble(std::string_view bytes) {
  constexpr int kBetweenBytes = 2;
  for (const char byte : bytes) {
    pollfd handle{socket_.native_handle(), POLLIN, 0};
    const bool closed = poll(&handle, 1, kBetweenBytes) != 0;
    if (closed || !send({&byte, 1})) return;
  }
}

HttpAnswer parse_http_answer(const std::string& text) {
  HttpAnswer answer;
  const std::size_t end = text.find("\r\n\r\n");
  if (end == std::string::npos) return answer;
  answer.body = text.substr(end + 4);
  std::istringstream lines(text.substr(0, end));
  std::string version;
  lines >> version >> answer.status;
  std::string line;
  std::getline(lines, line);
  while (std::getline(lines, line)) {
    if (line.ends_with('\r')) line.pop_back();
    const std::size_t colon = line.find(": ");
    answer.headers[line.substr(0, colon)] = line.substr(colon + 2);
  }
  return answer;
}

HttpAnswer ask(const std::string& address, const std::string& path, const std::string& method) {
  HttpClient client(address);
  client.send(method + " " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
  return parse_http_answer(client.receive_all());
}

std::map<std::string, double> parse_metrics(const std::string& text) {
  std::map<std::string, double> samples;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line.front() == '#') continue;
    const std::size_t space = line.rfind(' ');
    if (space == std::string::npos) throw std::runtime_error("not a sample: " + line);
    const bool is_new =
        samples.emplace(in_order(line.substr(0, space)), std::stod(line.substr(space + 1))).second;
    if (!is_new) throw std::runtime_error("twice: " + line);
  }
  return samples;
}

}  // namespace couponsync::test
