#pragma once

#include "base/http.h"
#include "base/task.h"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace couponsync::daemon {

/// What a client asks for.
struct WebRequest {
  enum class Method { get, post, other };

  Method method = Method::get;  ///< HEAD is a GET whose page is not sent
  std::string path;             ///< without its query
  std::vector<HttpHeader> headers{};
  std::string body{};  ///< of a POST, whole

  /// See `find_header`.
  std::optional<std::string_view> header(std::string_view name) const { return find_header(headers, name); }
};

struct WebPage {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body{};
  std::string allow{};  ///< with 405: the methods that there are
};

/// One line of text.
WebPage plain_page(int status, std::string line);

struct HttpServerOptions {
  std::size_t max_connections = 16;
  std::size_t max_header_bytes = 8'192;
  std::size_t max_body_bytes = 1U << 20U;         ///< of a POST
  std::chrono::milliseconds time_to_ask{5'000};   ///< from connecting to the request's end
  std::chrono::milliseconds time_to_take{5'000};  ///< for the whole reply
  /// Called when those who connect cannot be let in for want of file descriptors, once until one is let in
  /// again: they wait meanwhile.
  std::function<void()> out_of_descriptors = [] {};
};

/// Answers GET, HEAD and POST, one request a connection, for programs on the same machine.
///
/// Clients cost the service little, whatever they do: a connection holds at most a request and a page, and is
/// closed when its time is over; beyond the most connections, the one that has not asked for the longest time
/// gives way, so that slow clients do not keep out who asks at once; if all have asked, the next one waits
/// until one of them is answered. On the io thread.
class HttpServer {
 public:
  /// What is answered. Must take no more than a few seconds.
  using Pages = std::function<Task<WebPage>(WebRequest request)>;

  /// Listens at once; throws std::runtime_error that says why it cannot.
  HttpServer(const boost::asio::any_io_executor& executor, const std::string& address, Pages pages,
             HttpServerOptions options = {});
  /// Closes everything; what `pages` uses may go then.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  std::uint16_t port() const;
  std::size_t connections() const;

 private:
  class Connection;
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace couponsync::daemon
