#pragma once

#include "api/notification.h"
#include "api/seen_nonces.h"
#include "base/digest.h"
#include "base/env.h"
#include "configuration/configuration.h"
#include "net/https_transport.h"
#include "net/rate_controller.h"
#include "store/mirror.h"
#include "sync/scheduler.h"

#include <memory>
#include <optional>

namespace couponsync::daemon {

/// What calls are made with, and what it was made of, for a reload to tell what changed.
struct ApiAccess {
  std::shared_ptr<Session> session;
  std::shared_ptr<HttpsTransport> transport;          ///< the session's
  std::shared_ptr<SeenNonces> seen_nonces;            ///< of the replies that were accepted
  std::shared_ptr<NotificationReader> notifications;  ///< null without an APIv3 key
  Configuration::Api api;
  Configuration::Credentials credentials;
  Digest keys_digest{};               ///< of the key files
  std::optional<Digest> ca_digest{};  ///< of api.ca_file
};

/// Reads the key files. Throws ConfigurationError that names the key at fault; the brand's own public key in
/// the place of WeChat Pay's is one. `env` outlives what is returned. On a reload, `before` is the access in
/// force: connections and the domains' health are taken over unless the reload changed what they depend on,
/// the whole session unless it changed anything of it, and no reply of before is accepted again. Any thread,
/// while nobody uses `before`'s session but by calls under way.
ApiAccess make_api_access(const Configuration& configuration, Env& env, const ApiAccess* before = nullptr);

/// What the scheduler makes of a configuration.
Plan make_plan(const Configuration& configuration, const ApiAccess& access,
               std::shared_ptr<const ListingSet> watchlist);

/// What an earlier run kept in the mirror.
std::optional<LearnedRate> learned_rate(const Mirror& mirror, Env& env);
RateOptions rate_options(const Configuration& configuration, std::optional<LearnedRate> learned);

}  // namespace couponsync::daemon
