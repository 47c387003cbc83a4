#include "net/endpoint.h"

#include <boost/asio/ip/address.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <algorithm>

namespace couponsync {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '-';
}

bool is_label(std::string_view label) {
  return !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
         std::ranges::all_of(label, is_name_char);
}

/// RFC 1123, section 2.1. A name whose last label is a number is a mistyped IPv4 address.
bool is_dns_name(std::string_view name) {
  if (name.size() > 253) return false;
  while (true) {
    const std::size_t dot = name.find('.');
    const std::string_view label = name.substr(0, dot);
    if (!is_label(label)) return false;
    if (dot == std::string_view::npos) return !std::ranges::all_of(label, is_digit);
    name.remove_prefix(dot + 1);
  }
}

std::string lower_case(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return text;
}

/// What keeps `url` from being an endpoint, apart from its host; empty if nothing does.
std::string_view objection(const boost::urls::url_view& url) {
  if (url.scheme_id() != boost::urls::scheme::https) return "it must begin with https://";
  if (!url.has_authority()) return "it has no host; write https://host or https://host:port";
  if (url.has_userinfo()) return "it must not hold a user name or password";
  if (url.has_query()) return "it must not hold a query";
  if (url.has_fragment()) return "it must not hold a fragment";
  const auto path = url.encoded_path();
  if (!path.empty() && !path.starts_with('/')) return "its port must be a number from 1 to 65535";
  if (!path.empty() && path != "/") return "it must not hold a path; write https://host or https://host:port";
  if (url.has_port() && url.port_number() == 0) return "its port must be a number from 1 to 65535";
  return {};
}

std::optional<std::string> host_of(const boost::urls::url_view& url) {
  const std::string host = url.host_address();  // without the brackets of an IPv6 address
  switch (url.host_type()) {
    case boost::urls::host_type::ipv4:
    case boost::urls::host_type::ipv6: {
      boost::system::error_code ec;
      const auto address = boost::asio::ip::make_address(host, ec);
      if (ec) return std::nullopt;
      return address.to_string();
    }
    case boost::urls::host_type::name:
      if (is_dns_name(host)) return lower_case(host);
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

std::string bracketed(const HttpsEndpoint& endpoint) {
  return endpoint.host.find(':') == std::string::npos ? endpoint.host : "[" + endpoint.host + "]";
}

}  // namespace

std::optional<HttpsEndpoint> parse_https_endpoint(std::string_view url, std::string& why_not) {
  const auto parsed = boost::urls::parse_uri(boost::core::string_view(url.data(), url.size()));
  if (!parsed) {
    why_not = "it is not a URL of the form https://host or https://host:port";
    return std::nullopt;
  }
  if (const std::string_view reason = objection(*parsed); !reason.empty()) {
    why_not = reason;
    return std::nullopt;
  }
  std::optional<std::string> host = host_of(*parsed);
  if (!host) {
    why_not = "its host must be a DNS name, an IPv4 address or an IPv6 address in brackets";
    return std::nullopt;
  }
  HttpsEndpoint endpoint{.host = std::move(*host)};
  if (parsed->has_port()) endpoint.port = std::to_string(parsed->port_number());
  return endpoint;
}

bool is_address(const HttpsEndpoint& endpoint) {
  boost::system::error_code ec;
  boost::asio::ip::make_address(endpoint.host, ec);
  return !ec;
}

std::string authority(const HttpsEndpoint& endpoint) {
  return endpoint.port == "443" ? bracketed(endpoint) : name_of(endpoint);
}

std::string name_of(const HttpsEndpoint& endpoint) { return bracketed(endpoint) + ":" + endpoint.port; }

}  // namespace couponsync
