#pragma once

#include "net/domain_selector.h"
#include "net/transport.h"
#include "sync/exchange.h"

#include <memory>

namespace couponsync {

/// What calls are made with: keys, page size and connections, and how the domains they go to do. A reload
/// makes a new one of what it changed, and takes over the rest; each call holds the one it began with. On the
/// io thread.
struct Session {
  std::shared_ptr<Transport> transport;
  std::shared_ptr<DomainSelector> domains;  ///< of the same endpoints as `transport`
  Exchange exchange;                        ///< refers to `transport`
};

}  // namespace couponsync
