#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/generic/stream_protocol.hpp>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <sys/types.h>

namespace couponsync::daemon {

/// Where a server at "127.0.0.1:9464", "[::1]:9464" or "unix:/path" is connected to.
boost::asio::generic::stream_protocol::endpoint endpoint_at(const std::string& address);

/// A listening socket: "127.0.0.1:9464", "[::1]:9464" or "unix:/path".
///
/// A unix socket has mode 0660: folder and group decide who may ask. A socket that a killed process left
/// behind is replaced; anything else in its place is not touched. Its own is removed at the end.
class Listener {
 public:
  using Acceptor = boost::asio::basic_socket_acceptor<boost::asio::generic::stream_protocol>;

  /// Listens, or throws std::runtime_error that says why it cannot.
  Listener(const boost::asio::any_io_executor& executor, const std::string& address);
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener() { close(); }

  /// Nobody can connect any more.
  void close();
  Acceptor& acceptor() { return acceptor_; }
  /// The port that the system chose for port 0.
  std::uint16_t port() const;

 private:
  struct Identity {
    dev_t device;
    ino_t inode;
  };

  void listen_on_path(const boost::asio::any_io_executor& executor, std::filesystem::path path);
  void listen_on_port(const boost::asio::any_io_executor& executor, const std::string& address);

  Acceptor acceptor_;
  std::filesystem::path path_;  ///< of the unix socket, else empty
  std::optional<Identity> identity_;
};

}  // namespace couponsync::daemon
