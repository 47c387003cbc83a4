#pragma once

#include "base/failure.h"
#include "base/http.h"
#include "base/task.h"

namespace couponsync {

/// One HTTP exchange with one domain. On the io thread.
class Transport {
 public:
  virtual ~Transport() = default;

  /// Sends `request`, once, and returns the whole reply, whatever its status. Fails with resolve_failed,
  /// connect_failed, tls_failed, timed_out, connection_lost, malformed_reply, reply_too_large;
  /// connection_stale where a kept-alive connection turned out closed before any reply byte, in which case
  /// the server may or may not have read the request; or out_of_descriptors where this machine has none left.
  /// Cancellable: throws operation_aborted and closes the connection.
  virtual Task<Result<HttpReply>> send(Domain domain, HttpRequest request) = 0;
};

}  // namespace couponsync
