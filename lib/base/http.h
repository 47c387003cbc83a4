#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace couponsync {

/// The API's two sites. The primary serves normally; the backup is in another city.
enum class Domain { primary, backup };

constexpr std::string_view name_of(Domain domain) { return domain == Domain::primary ? "primary" : "backup"; }

struct HttpHeader {
  std::string name;
  std::string value;
};

/// A GET: what is signed is what is sent, so `target` is final (path, '?' and query, percent-encoded).
/// Host and Connection are the transport's own.
struct HttpRequest {
  std::string target;
  std::vector<HttpHeader> headers{};
  bool on_fresh_connection = false;  ///< on none that was kept: one has just turned out closed
};

/// The value of the first header of that name, compared without regard to case.
std::optional<std::string_view> find_header(const std::vector<HttpHeader>& headers, std::string_view name);

struct HttpReply {
  int status = 0;
  std::vector<HttpHeader> headers;
  std::string body;            ///< as received: signatures cover these bytes
  std::size_t wire_bytes = 0;  ///< header and body, as counted for the summary

  /// See `find_header`.
  std::optional<std::string_view> header(std::string_view name) const { return find_header(headers, name); }
};

}  // namespace couponsync
