#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>

#include <map>
#include <string>
#include <string_view>

namespace couponsync::test {

/// A connection to a plain HTTP server, "127.0.0.1:9464" or "unix:/path", that sends what it is told to,
/// right or wrong. Blocks.
class HttpClient {
 public:
  /// Throws boost::system::system_error if nobody listens.
  explicit HttpClient(const std::string& address);

  /// False if the server has closed the connection.
  bool send(std::string_view bytes);
  /// What comes until the server closes.
  std::string receive_all();
  /// Sends byte after byte until the server closes.
  void dribble(std::string_view bytes);

 private:
  boost::asio::io_context context_;
  boost::asio::generic::stream_protocol::socket socket_;
};

struct HttpAnswer {
  int status = 0;  ///< 0: none came
  std::map<std::string, std::string> headers;
  std::string body;
};

HttpAnswer parse_http_answer(const std::string& text);
/// One request; no answer if the server refuses the connection.
HttpAnswer ask(const std::string& address, const std::string& path, const std::string& method = "GET");

/// The samples of a page in Prometheus's text format: "name{label="value"}" with its labels in order, and the
/// value. Throws std::runtime_error for what is no such page.
std::map<std::string, double> parse_metrics(const std::string& text);

}  // namespace couponsync::test
