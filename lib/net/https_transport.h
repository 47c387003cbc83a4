#pragma once

#include "net/address_lookup.h"
#include "net/endpoint.h"
#include "net/transport.h"

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>

namespace couponsync {

/// How many sockets a transport's calls may hold at once beyond one each, while they look for an address that
/// answers.
inline constexpr std::size_t kSpareSockets = 32;

struct HttpsTransportOptions {
  HttpsEndpoint primary;
  std::optional<HttpsEndpoint> backup{};
  std::optional<std::filesystem::path> ca_file{};    ///< PEM; without it the system's CA certificates
  std::chrono::milliseconds connect_timeout{5000};   ///< name, TCP and TLS together
  std::chrono::milliseconds request_timeout{20000};  ///< the whole exchange, connecting included
  std::size_t max_response_bytes = 33554432;         ///< of a body
  std::size_t max_header_bytes = 16384;              ///< of a status line and header
  std::chrono::milliseconds max_idle{7000};          ///< WeChat Pay closes after 8 s; its own pool keeps 7 s
  std::size_t max_idle_connections = 128;            ///< per domain
  LookupFunction lookup = system_lookup;
};

/// HTTP/1.1 over TLS with a pool of kept-alive connections per domain. It follows no redirect and decodes no
/// content: a 3xx is a reply like any other, and a body is handed over as received. Every certificate is
/// verified, chain and host; there is no switch for it. A connection that said anything after its reply is
/// never used again, and one that turned out stale takes the domain's other idle ones with it.
///
/// All on one io_context with one thread. Outlives every `send`, and is destroyed before the io_context;
/// connections are then closed without ceremony. Idle connections are no work: they keep no io_context
/// running, and those that grew old are closed at the domain's next call.
class HttpsTransport final : public Transport {
 public:
  /// Throws std::runtime_error naming the file if `ca_file` can't be used.
  explicit HttpsTransport(HttpsTransportOptions options);
  ~HttpsTransport() override;

  /// Throws std::logic_error for the backup if there is none, and std::invalid_argument if the request's
  /// target or headers hold control characters.
  Task<Result<HttpReply>> send(Domain domain, HttpRequest request) override;

 private:
  class Site;

  HttpsTransportOptions options_;
  std::unique_ptr<Site> primary_;
  std::unique_ptr<Site> backup_;
};

}  // namespace couponsync
