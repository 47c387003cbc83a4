#pragma once

#include "sandbox/data.h"
#include "sandbox/keys.h"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json/object.hpp>

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace couponsync::sandbox {

/// A notification on its way: what WeChat Pay posts to a brand's notify URL.
struct Notification {
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

/// Tells a brand's notify URL of each coupon that is sent, used or returned, as WeChat Pay does: encrypted
/// with the APIv3 key, signed, and again if it is not answered.
class Notifier {
 public:
  /// `url`: "http://127.0.0.1:PORT/PATH", or "unix:/path" for /notify there; throws std::runtime_error for
  /// another.
  Notifier(boost::asio::io_context& context, const Keys& keys, std::string appid, const std::string& url);

  /// Tells of it, if it is something that WeChat Pay tells of.
  void changed(const Change& change);
  /// Sends one that is not as it should be: forged, damaged, probe, stale, strange, stranger (another
  /// user's), replayed (the last one, as it was), repeated (the last one, signed anew). Gives what was
  /// answered, 0: nothing. Throws std::invalid_argument for another `kind`.
  boost::asio::awaitable<int> send_odd(std::string kind);

  /// How often which status was answered; 0: nothing.
  boost::json::object stats() const;

 private:
  Notification make(std::string_view event_type, const boost::json::object& resource);
  Notification signed_one(std::string body, std::int64_t at);
  boost::asio::awaitable<void> deliver(Notification notification);
  boost::asio::awaitable<int> post(Notification notification);

  boost::asio::io_context& context_;
  Keys keys_;
  std::string appid_;
  boost::asio::generic::stream_protocol::endpoint endpoint_;
  std::string path_ = "/notify";
  std::mt19937_64 random_{7};
  Notification last_;
  std::map<int, int> answers_;
};

}  // namespace couponsync::sandbox
