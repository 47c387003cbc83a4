#pragma once

#include "net/endpoint.h"

#include <boost/asio/ssl/context.hpp>
#include <boost/system/error_code.hpp>

#include <filesystem>
#include <optional>
#include <string>

namespace couponsync {

/// TLS 1.2 or newer, keys and signatures of OpenSSL's security level 2 or better, the peer always verified:
/// against the certificates in `ca_file`, or the system's where there is none. Throws std::runtime_error
/// naming the file if it can't be used.
boost::asio::ssl::context make_tls_context(const std::optional<std::filesystem::path>& ca_file);

/// Makes the handshake demand a certificate for this host; names the host to the server (SNI) unless it is an
/// address. Throws std::runtime_error if OpenSSL refuses the name.
void expect_peer(SSL* tls, const HttpsEndpoint& endpoint);

/// Why the certificate was refused, or else OpenSSL's reason.
std::string tls_reason(SSL* tls, const boost::system::error_code& error);

}  // namespace couponsync
