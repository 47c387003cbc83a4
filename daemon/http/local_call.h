#pragma once

#include <string>

namespace couponsync::daemon {

struct LocalReply {
  int status = 0;
  std::string body;
};

/// Posts JSON to the service at an address of `http.listen`, on a connection of its own, and waits for the
/// reply, for 10 s at most. Blocks. Throws boost::system::system_error where there is none.
LocalReply post_json(const std::string& address, const std::string& path, std::string body);

}  // namespace couponsync::daemon
