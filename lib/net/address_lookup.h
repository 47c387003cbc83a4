#pragma once

#include "base/failure.h"
#include "base/task.h"
#include "net/address_order.h"
#include "net/deadline.h"
#include "net/endpoint.h"

#include <boost/asio/any_io_executor.hpp>

#include <functional>
#include <memory>

namespace couponsync {

/// Turns a name into addresses, best first and at least one, or fails with resolve_failed or
/// out_of_descriptors. Blocks, is called on a thread of its own and must not throw.
using LookupFunction = std::function<Result<Addresses>(const HttpsEndpoint&)>;

/// What the system's resolver (getaddrinfo) says.
Result<Addresses> system_lookup(const HttpsEndpoint& endpoint);

/// Looks up one endpoint anew for every connection, for WeChat Pay's access addresses change; calls that come
/// while a look-up runs share its answer.
///
/// getaddrinfo can hang for half a minute and can't be cancelled. Each look-up therefore runs on a detached
/// thread that owns all it touches: a waiting coroutine leaves at once when it is cancelled or late, and
/// neither io_context::run nor the end of the process waits for that thread. At most one runs per object.
///
/// On the io thread; destroyed before the io_context.
class AddressLookup {
 public:
  AddressLookup(HttpsEndpoint endpoint, LookupFunction lookup);
  ~AddressLookup();
  AddressLookup(const AddressLookup&) = delete;
  AddressLookup& operator=(const AddressLookup&) = delete;

  /// Fails as the look-up does, or with timed_out at the deadline. Cancellable.
  Task<Result<Addresses>> find(Deadline deadline);

 private:
  struct Running;

  /// Joins the look-up that runs, or starts one.
  Result<std::shared_ptr<Running>> join(const boost::asio::any_io_executor& executor);

  HttpsEndpoint endpoint_;
  LookupFunction lookup_;
  std::shared_ptr<Running> running_;
};

}  // namespace couponsync
