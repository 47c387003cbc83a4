#pragma once

#include "api/notification.h"
#include "base/env.h"
#include "http/http_server.h"
#include "minute_limit.h"
#include "sync/events.h"

#include <spdlog/logger.h>

#include <functional>
#include <memory>
#include <optional>
#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/registry.h>
#include <string>
#include <string_view>

namespace couponsync::daemon {

/// Where others say whose coupons changed: POST /hint, by a program of the brand's, and POST /notify, a
/// notification of WeChat Pay's, forwarded as it came. Neither writes a row; both have a user read next.
///
/// A web page in a browser on this machine can do nothing here: `Host` must be a loopback name or what
/// `http.listen` says, which a name that was rebound to this machine is not; the body must be declared as
/// JSON, which a browser does not send to another site without asking first, and it is never told that it
/// may; and no request with an `Origin` is taken. On the io thread.
class HintDoor {
 public:
  struct Deps {
    Env& env;
    prometheus::Registry& registry;
    std::shared_ptr<spdlog::logger> log;
    /// Has the user read next; false: it is on no watchlist. An empty appid: of any.
    std::function<bool(std::string_view appid, const Openid& openid, HintSource source)> hint;
  };

  /// What is given by reference outlives it.
  explicit HintDoor(Deps deps);

  static bool is_at(std::string_view path);
  /// Knows notifications by this from now on; null: by none.
  void read_with(std::shared_ptr<NotificationReader> notifications) {
    notifications_ = std::move(notifications);
  }
  /// It is served there.
  void serve_at(const std::optional<std::string>& address) { address_ = address.value_or(""); }

  WebPage post(WebRequest request);

 private:
  std::optional<WebPage> refusal_of(const WebRequest& request) const;
  bool is_own_host(std::string_view host) const;
  WebPage hint(const WebRequest& request);
  WebPage notify(WebRequest request);
  bool take(std::string_view appid, const Openid& openid, HintSource source);
  void refuse(const Failure& why);
  void count(HintSource source, const char* outcome, int times = 1);

  Deps deps_;
  std::shared_ptr<NotificationReader> notifications_;
  std::string address_;
  prometheus::Family<prometheus::Counter>& hints_;
  MinuteLimit refusals_;
  MinuteLimit strangers_{10};
};

}  // namespace couponsync::daemon
