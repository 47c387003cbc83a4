#include "http/local_call.h"

#include "http/listener.h"

#include <boost/asio/io_context.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/system/system_error.hpp>

#include <chrono>
#include <utility>

namespace couponsync::daemon {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using Stream = boost::beast::basic_stream<asio::generic::stream_protocol>;

constexpr std::chrono::seconds kPatience{10};
constexpr unsigned kHttp11 = 11;

/// A connection whose operations block.
class Connection {
 public:
  explicit Connection(const std::string& address) : stream_(context_) {
    stream_.expires_after(kPatience);
    wait_for([&](auto done) { stream_.async_connect(endpoint_at(address), std::move(done)); });
  }

  http::response<http::string_body> exchange(const http::request<http::string_body>& request) {
    http::response<http::string_body> response;
    boost::beast::flat_buffer buffer;
    wait_for([&](auto done) { http::async_write(stream_, request, without_size(std::move(done))); });
    wait_for([&](auto done) { http::async_read(stream_, buffer, response, without_size(std::move(done))); });
    return response;
  }

 private:
  template <class Done>
  static auto without_size(Done done) {
    return [done](const boost::system::error_code& error, std::size_t) { done(error); };
  }

  template <class Operation>
  void wait_for(Operation operation) {
    boost::system::error_code result;
    operation([&result](const boost::system::error_code& error) { result = error; });
    context_.restart();
    context_.run();
    if (result) throw boost::system::system_error(result);
  }

  asio::io_context context_;
  Stream stream_;
};

}  // namespace

LocalReply post_json(const std::string& address, const std::string& path, std::string body) {
  http::request<http::string_body> request{http::verb::post, path, kHttp11};
  request.set(http::field::host, "localhost");
  request.set(http::field::content_type, "application/json");
  request.body() = std::move(body);
  request.prepare_payload();
  const http::response<http::string_body> response = Connection(address).exchange(request);
  return {.status = static_cast<int>(response.result_int()), .body = response.body()};
}

}  // namespace couponsync::daemon
