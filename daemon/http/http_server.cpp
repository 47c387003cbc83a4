#include "http/http_server.h"

#include "base/descriptors.h"
#include "http/listener.h"
#include "sync/condition.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include <array>
#include <exception>
#include <list>
#include <string_view>
#include <utility>

namespace couponsync::daemon {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using Protocol = asio::generic::stream_protocol;
using Stream = beast::basic_stream<Protocol>;
using Parser = http::request_parser<http::string_body>;
using boost::system::error_code;

constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
/// Accepting fails when the process has no descriptors left, and would at once do so again.
constexpr std::chrono::milliseconds kAcceptPause{200};
/// What a client still sends after its reply is read for so long, or closing would take the reply from it.
constexpr std::chrono::milliseconds kTimeToLeave{1'000};
constexpr std::size_t kMostIgnoredBytes = 65'536;

WebPage refusal(http::status status, std::string why) {
  return plain_page(static_cast<int>(status), std::move(why));
}

/// What to say about a request that cannot be read; nothing if nobody is there any more.
std::optional<WebPage> refusal_of(const error_code& error) {
  if (error == http::error::header_limit || error == http::error::buffer_overflow)
    return refusal(http::status::request_header_fields_too_large, "the header is too long");
  if (error == http::error::body_limit)
    return refusal(http::status::payload_too_large, "the body is too long");
  const bool is_nonsense = error.category() == http::make_error_code(http::error::bad_method).category() &&
                           error != http::error::end_of_stream && error != http::error::partial_message;
  if (is_nonsense) return refusal(http::status::bad_request, "this is no HTTP request");
  return std::nullopt;
}

std::string path_of(std::string_view target) { return std::string(target.substr(0, target.find('?'))); }

bool has_body(Parser& parser) { return parser.chunked() || parser.content_length().value_or(0) > 0; }

WebRequest::Method method_of(http::verb verb) {
  if (verb == http::verb::get || verb == http::verb::head) return WebRequest::Method::get;
  return verb == http::verb::post ? WebRequest::Method::post : WebRequest::Method::other;
}

WebRequest request_of(Parser::value_type message) {
  WebRequest request;
  request.method = method_of(message.method());
  request.path = path_of({message.target().data(), message.target().size()});
  for (const auto& field : message)
    request.headers.push_back({std::string(field.name_string()), std::string(field.value())});
  request.body = std::move(message.body());
  return request;
}

http::response<http::string_body> response_of(WebPage page, bool head_only) {
  http::response<http::string_body> response{static_cast<http::status>(page.status), 11};
  response.set(http::field::content_type, page.content_type);
  response.set(http::field::cache_control, "no-store");
  if (!page.allow.empty()) response.set(http::field::allow, page.allow);
  response.keep_alive(false);
  response.content_length(page.body.size());
  if (!head_only) response.body() = std::move(page.body);
  return response;
}

}  // namespace

WebPage plain_page(int status, std::string line) {
  WebPage page;
  page.status = status;
  page.body = std::move(line) + "\n";
  return page;
}

class HttpServer::Connection {
 public:
  Connection(Protocol::socket socket, const HttpServerOptions& options)
      : stream_(std::move(socket)), buffer_(options.max_header_bytes), options_(options) {}

  /// From the request to the end.
  Task<> serve(const Pages& pages);
  void close();
  /// It is answered or about to be.
  bool has_asked() const { return has_asked_; }

 private:
  Task<error_code> read_request(Parser& parser);
  static Task<std::optional<WebPage>> choose_page(const Pages& pages, Parser& parser,
                                                  const error_code& error);
  Task<> leave();

  Stream stream_;
  beast::flat_buffer buffer_;
  HttpServerOptions options_;
  bool has_asked_ = false;
};

Task<> HttpServer::Connection::serve(const Pages& pages) {
  Parser parser;
  parser.header_limit(static_cast<std::uint32_t>(options_.max_header_bytes));
  parser.body_limit(options_.max_body_bytes);
  stream_.expires_after(options_.time_to_ask);
  const error_code error = co_await read_request(parser);
  has_asked_ = true;
  stream_.expires_never();
  const bool head_only = parser.get().method() == http::verb::head;
  std::optional<WebPage> page = co_await choose_page(pages, parser, error);
  if (!page) co_return;
  const http::response<http::string_body> response = response_of(std::move(*page), head_only);
  stream_.expires_after(options_.time_to_take);
  const auto [write_error, written] = co_await http::async_write(stream_, response, kTuple);
  has_asked_ = false;
  if (!write_error) co_await leave();
}

/// The body belongs to a POST; any other's is left where it is.
Task<error_code> HttpServer::Connection::read_request(Parser& parser) {
  auto [error, header_bytes] = co_await http::async_read_header(stream_, buffer_, parser, kTuple);
  if (error || parser.get().method() != http::verb::post) co_return error;
  if (beast::iequals(parser.get()[http::field::expect], "100-continue")) {
    static constexpr std::string_view kGoOn = "HTTP/1.1 100 Continue\r\n\r\n";
    const auto [write_error, written] = co_await asio::async_write(stream_, asio::buffer(kGoOn), kTuple);
    if (write_error) co_return write_error;
  }
  const auto [body_error, body_bytes] = co_await http::async_read(stream_, buffer_, parser, kTuple);
  co_return body_error;
}

Task<std::optional<WebPage>> HttpServer::Connection::choose_page(const Pages& pages, Parser& parser,
                                                                 const error_code& error) {
  if (error) co_return refusal_of(error);
  if (method_of(parser.get().method()) == WebRequest::Method::get && has_body(parser))
    co_return refusal(http::status::payload_too_large, "no body is accepted");
  WebRequest request = request_of(parser.release());
  std::optional<WebPage> page;
  try {
    page = co_await pages(std::move(request));
  } catch (const std::exception&) {
    page = refusal(http::status::internal_server_error, "this page cannot be made");
  }
  co_return page;
}

/// Waits until the client has closed its side.
Task<> HttpServer::Connection::leave() {
  error_code ignored;  // it may be gone already
  stream_.socket().shutdown(Protocol::socket::shutdown_send, ignored);
  stream_.expires_after(kTimeToLeave);
  std::array<char, 4'096> rest;
  for (std::size_t total = 0; total < kMostIgnoredBytes;) {
    const auto [error, size] = co_await stream_.async_read_some(asio::buffer(rest), kTuple);
    if (error) co_return;
    total += size;
  }
}

void HttpServer::Connection::close() { stream_.close(); }

struct HttpServer::State : std::enable_shared_from_this<State> {
  State(const asio::any_io_executor& on, const std::string& address, Pages of, HttpServerOptions within)
      : executor(on), listener(on, address), pages(std::move(of)), options(std::move(within)), freed(on) {}

  static Task<> accept(std::shared_ptr<State> self);
  static Task<> serve(std::shared_ptr<State> self, std::shared_ptr<Connection> connection);
  Task<> make_room();
  bool drop_one();
  void admit(Protocol::socket socket);
  void close();

  asio::any_io_executor executor;
  Listener listener;
  Pages pages;
  HttpServerOptions options;
  bool closed = false;
  std::list<std::shared_ptr<Connection>> connections;  ///< the oldest first
  Condition freed;                                     ///< there is one less
};

Task<> HttpServer::State::accept(std::shared_ptr<State> self) {
  asio::steady_timer pause(self->executor);
  bool reported = false;
  while (!self->closed) {
    auto [error, socket] = co_await self->listener.acceptor().async_accept(kTuple);
    if (self->closed) co_return;
    if (error) {
      const bool is_shortage = is_descriptor_shortage(error.value());
      if (is_shortage && !std::exchange(reported, true)) self->options.out_of_descriptors();
      pause.expires_after(kAcceptPause);
      co_await pause.async_wait(kTuple);
      continue;
    }
    reported = false;
    co_await self->make_room();
    if (!self->closed) self->admit(std::move(socket));
  }
}

/// One that has asked is answered; meanwhile whoever comes waits to be accepted.
Task<> HttpServer::State::make_room() {
  while (!closed && connections.size() >= options.max_connections && !drop_one()) co_await freed.wait();
}

void HttpServer::State::admit(Protocol::socket socket) {
  auto connection = std::make_shared<Connection>(std::move(socket), options);
  connections.push_back(connection);
  asio::co_spawn(executor, serve(shared_from_this(), std::move(connection)), asio::detached);
}

bool HttpServer::State::drop_one() {
  for (auto candidate = connections.begin(); candidate != connections.end(); ++candidate)
    if (!(*candidate)->has_asked()) {
      (*candidate)->close();
      connections.erase(candidate);
      return true;
    }
  return false;
}

Task<> HttpServer::State::serve(std::shared_ptr<State> self, std::shared_ptr<Connection> connection) {
  co_await connection->serve(self->pages);
  connection->close();
  self->connections.remove(connection);
  self->freed.notify_all();
}

void HttpServer::State::close() {
  closed = true;
  listener.close();
  for (const auto& connection : connections) connection->close();
  connections.clear();
  freed.notify_all();
}

HttpServer::HttpServer(const asio::any_io_executor& executor, const std::string& address, Pages pages,
                       HttpServerOptions options)
    : state_(std::make_shared<State>(executor, address, std::move(pages), std::move(options))) {
  asio::co_spawn(executor, State::accept(state_), asio::detached);
}

HttpServer::~HttpServer() { state_->close(); }

std::uint16_t HttpServer::port() const { return state_->listener.port(); }

std::size_t HttpServer::connections() const { return state_->connections.size(); }

}  // namespace couponsync::daemon
