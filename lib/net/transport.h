#pragma once

#include "base/failure.h"
#include "base/http.h"
#include "base/task.h"

namespace couponsync {

/// One HTTP exchange with one domain. On the io thread.
class Transport {
 public:
  virtual ~Transport() = default;

  /// Sends `request` and returns the whole reply, whatever its status. Fails with resolve_failed,
  /// connect_failed, tls_failed, timed_out, connection_lost, malformed_reply or reply_too_large; never
  /// repeats a request a server may have seen, except once on a fresh connection after a kept-alive one
  /// turned out closed before any reply byte. Cancellable: throws operation_aborted and closes the
  /// connection.
  virtual Task<Result<HttpReply>> send(Domain domain, HttpRequest request) = 0;
};

}  // namespace couponsync
