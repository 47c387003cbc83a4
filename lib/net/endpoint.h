#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace couponsync {

/// Where a domain is reached: always https.
struct HttpsEndpoint {
  std::string host;          ///< a DNS name in lower case, an IPv4 address, or an IPv6 one without brackets
  std::string port = "443";  ///< decimal, 1 to 65535

  bool operator==(const HttpsEndpoint&) const = default;
};

/// Reads "https://host[:port]" or the same with one '/' behind it. Anything else, such as another scheme, a
/// user name, a path, a query or a fragment, gives nothing and says in `why_not` what is wrong; the offending
/// text is not repeated there, for a user name or a query may be a secret.
std::optional<HttpsEndpoint> parse_https_endpoint(std::string_view url, std::string& why_not);

/// The host is an IP address: it is not looked up, and the certificate must name it as one.
bool is_address(const HttpsEndpoint& endpoint);

/// As the Host header has it: brackets around an IPv6 address, the port only if it is not 443.
std::string authority(const HttpsEndpoint& endpoint);

/// For messages: the same, always with the port.
std::string name_of(const HttpsEndpoint& endpoint);

}  // namespace couponsync
