#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace couponsync::sandbox {

/// A request as received.
struct Request {
  std::string method;
  std::string target;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;

  /// The only header of that name, compared without regard to case; nothing if there is none or more than
  /// one.
  std::optional<std::string> header(std::string_view name) const;
};

/// What the connection does with a reply.
enum class Wire {
  send,
  close_unanswered,  ///< as a server that has just closed an idle connection
  hang,              ///< nothing until the client gives up
  reset,             ///< half of it, then a TCP reset
  truncate,          ///< a part of the announced body, then the end
};

struct Reply {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  Wire wire = Wire::send;
  int delay_ms = 0;
  std::vector<Reply> unasked{};  ///< that follow it in the same segment

  void set(std::string_view name, std::string value);
};

}  // namespace couponsync::sandbox
