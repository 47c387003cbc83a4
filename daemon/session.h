#pragma once

#include "base/digest.h"
#include "configuration/configuration.h"
#include "net/domain_selector.h"
#include "net/https_transport.h"
#include "net/rate_controller.h"
#include "store/writer.h"
#include "sync/exchange.h"
#include "sync/syncer.h"

#include <boost/asio/any_io_executor.hpp>

#include <cstddef>
#include <memory>
#include <optional>

namespace couponsync::daemon {

/// What calls need: connections, and the keys they are signed and verified with.
struct ApiAccess {
  std::unique_ptr<HttpsTransport> transport;
  Exchange exchange;                        ///< refers to `transport`
  std::shared_ptr<SeenNonces> seen_nonces;  ///< of the replies that `exchange` accepts
  Digest keys_digest;                       ///< tells whether keys were renewed
};

/// Reads the key files. Throws ConfigurationError that names the key at fault; the brand's own public key in
/// the place of WeChat Pay's is one. `env` outlives it. On a reload, `seen` is what the access before it has
/// seen, so that no reply of then is accepted again.
ApiAccess make_api_access(
    const Configuration& configuration, Env& env,
    std::shared_ptr<SeenNonces> seen = std::make_shared<SeenNonces>(Verifier::kMaxSkew));

/// What an earlier run kept in the mirror.
std::optional<LearnedRate> learned_rate(const Mirror& mirror, Env& env);
RateOptions rate_options(const Configuration& configuration, std::optional<LearnedRate> learned);

/// Everything below the scheduler that one configuration comes down to: connections, keys, domains, the
/// syncer. Replaced as a whole by a reload, while env, writer, rate and events live on and outlive it. On the
/// io thread.
class Session {
 public:
  struct Parts {
    Env& env;
    Writer& writer;
    Events& events;
    RateController& rate;  ///< what was learned about the brand's quota outlives a reload
    SendingPause& pause;   ///< so does what holds all calls back
  };

  /// `watched` is the number of listings on the watchlist.
  Session(const Configuration& configuration, std::size_t watched, ApiAccess access, Parts parts,
          const boost::asio::any_io_executor& executor);

  Syncer& syncer() { return syncer_; }
  bool has_backup() const { return domains_.has_backup(); }
  bool avoided(Domain domain, SteadyTime now) const { return domains_.avoided(domain, now); }

 private:
  std::unique_ptr<HttpsTransport> transport_;
  DomainSelector domains_;
  Syncer syncer_;
};

/// The session's syncer as the scheduler wants it: it keeps the session alive.
std::shared_ptr<Syncer> share_syncer(std::shared_ptr<Session> session);

}  // namespace couponsync::daemon
