#include "net/https_transport.h"

#include "net/address_order.h"
#include "net/connect_race.h"
#include "net/https_connection.h"
#include "net/https_tls.h"
#include "net/idle_pool.h"

#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

namespace couponsync {

namespace asio = boost::asio;

namespace {

using Connection = std::unique_ptr<HttpsConnection>;

SteadyTime steady_now() { return std::chrono::steady_clock::now(); }

void refuse_control_characters(std::string_view text) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7F'; };
  if (std::ranges::any_of(text, is_control))
    throw std::invalid_argument("a request's target or header holds a control character");
}

/// One piece, so that it leaves as one TLS record.
std::string request_text(const HttpsEndpoint& endpoint, const HttpRequest& request) {
  refuse_control_characters(request.target);
  std::string text = "GET " + request.target + " HTTP/1.1\r\nHost: " + authority(endpoint) + "\r\n";
  for (const HttpHeader& header : request.headers) {
    refuse_control_characters(header.name);
    refuse_control_characters(header.value);
    text.append(header.name).append(": ").append(header.value).append("\r\n");
  }
  return text + "\r\n";
}

}  // namespace

/// One domain: its name look-up, what is known of its addresses, its idle connections, and exchanges with it.
class HttpsTransport::Site {
 public:
  Site(const HttpsTransportOptions& options, HttpsEndpoint endpoint, std::shared_ptr<asio::ssl::context> tls,
       std::shared_ptr<SpareSockets> spare)
      : options_(options),
        limits_{.body_bytes = options.max_response_bytes, .header_bytes = options.max_header_bytes},
        endpoint_(std::move(endpoint)),
        tls_(std::move(tls)),
        spare_(std::move(spare)),
        lookup_(endpoint_, options.lookup),
        idle_(options.max_idle, options.max_idle_connections) {}

  Task<Result<HttpReply>> send(HttpRequest request) {
    const std::string text = request_text(endpoint_, request);
    const Deadline deadline{steady_now() + options_.request_timeout, "whole reply", options_.request_timeout};
    if (Connection kept = request.on_fresh_connection ? nullptr : take_idle()) {
      Result<HttpReply> reply = co_await kept->exchange(text, deadline, limits_);
      if (turned_out_stale(*kept, reply)) {
        // There is no reason to trust the others, which are as old.
        idle_.clear();
        co_return stale(reply.error());
      }
      finish(std::move(kept), reply);
      co_return reply;
    }
    Result<Connection> opened = co_await open(deadline);
    if (!opened) co_return opened.error();
    Connection fresh = std::move(*opened);
    Result<HttpReply> reply = co_await fresh->exchange(text, deadline, limits_);
    finish(std::move(fresh), reply);
    co_return reply;
  }

 private:
  /// The server had closed it, which shows itself only now. It may have read the request before.
  static bool turned_out_stale(const HttpsConnection& kept, const Result<HttpReply>& reply) {
    return !reply && !kept.reply_started() && reply.error().kind != FailureKind::timed_out;
  }

  static Failure stale(const Failure& found) {
    return Failure{FailureKind::connection_stale,
                   found.detail + ", on a connection kept from an earlier call"};
  }

  Task<Result<Connection>> open(Deadline whole) {
    Deadline deadline{steady_now() + options_.connect_timeout, "connection", options_.connect_timeout};
    if (whole.when < deadline.when) deadline = whole;
    Result<Addresses> found = co_await lookup_.find(deadline);
    if (!found) co_return found.error();
    Addresses addresses = order_.apply(std::move(*found));
    const std::string name = name_of(endpoint_);
    Result<Connected> connected = co_await connect_to_first(addresses, deadline, name, spare_);
    if (!connected) {
      if (connected.error().rule().of_domain == OfDomain::is_down)
        for (const auto& address : addresses) order_.failed(address);
      co_return connected.error();
    }
    order_.worked(connected->address);
    auto connection = std::make_unique<HttpsConnection>(std::move(*connected), *tls_, endpoint_);
    const Result<> greeted = co_await connection->shake_hands(deadline);
    if (greeted) co_return connection;
    if (greeted.error().rule().of_domain == OfDomain::is_down) order_.failed(connection->address());
    co_return greeted.error();
  }

  Connection take_idle() {
    while (std::optional<Connection> kept = idle_.take(steady_now()))
      if ((*kept)->reusable()) return std::move(*kept);
    return nullptr;
  }

  void finish(Connection connection, const Result<HttpReply>& reply) {
    if (!reply && reply.error().rule().of_domain == OfDomain::is_down) order_.failed(connection->address());
    if (reply && connection->reusable()) idle_.put(std::move(connection), steady_now());
  }

  const HttpsTransportOptions& options_;
  ReplyLimits limits_;
  HttpsEndpoint endpoint_;
  std::shared_ptr<asio::ssl::context> tls_;
  std::shared_ptr<SpareSockets> spare_;
  AddressLookup lookup_;
  AddressOrder order_;
  IdlePool<Connection> idle_;
};

HttpsTransport::HttpsTransport(HttpsTransportOptions options) : options_(std::move(options)) {
  const auto tls = std::make_shared<asio::ssl::context>(make_tls_context(options_.ca_file));
  const auto spare = std::make_shared<SpareSockets>(kSpareSockets);
  primary_ = std::make_unique<Site>(options_, options_.primary, tls, spare);
  if (options_.backup) backup_ = std::make_unique<Site>(options_, *options_.backup, tls, spare);
}

HttpsTransport::~HttpsTransport() = default;

Task<Result<HttpReply>> HttpsTransport::send(Domain domain, HttpRequest request) {
  Site* site = domain == Domain::primary ? primary_.get() : backup_.get();
  if (site == nullptr) throw std::logic_error("a request for the backup domain, and there is none");
  return site->send(std::move(request));
}

}  // namespace couponsync
