#include "http/listener.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/system/system_error.hpp>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string_view>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace couponsync::daemon {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using Unix = asio::local::stream_protocol;

constexpr std::string_view kUnixPrefix = "unix:";
constexpr mode_t kSocketMode = 0660;
constexpr int kWaiting = 128;

[[noreturn]] void refuse(const std::string& address, const std::string& why) {
  throw std::runtime_error(address + " cannot be listened on: " + why);
}

std::optional<struct stat> look_at(const std::filesystem::path& path) {
  struct stat found{};
  if (lstat(path.c_str(), &found) == 0) return found;
  if (errno == ENOENT) return std::nullopt;
  refuse(path.string(), std::generic_category().message(errno));
}

/// Whoever is killed leaves its socket behind, and nobody can bind over it.
void remove_stale_socket(const std::filesystem::path& path) {
  const std::optional<struct stat> found = look_at(path);
  if (!found) return;
  if (!S_ISSOCK(found->st_mode)) refuse(path.string(), "there is something that is no socket");
  asio::io_context context;
  Unix::socket probe(context);
  boost::system::error_code error;
  probe.open(Unix());
  probe.non_blocking(
      true);  // one that hangs and whose queue is full would be waited for; it counts as connected
  probe.connect(Unix::endpoint(path.string()), error);
  if (!error) refuse(path.string(), "another process listens there");
  if (error != asio::error::connection_refused) refuse(path.string(), error.message());
  if (unlink(path.c_str()) != 0 && errno != ENOENT)
    refuse(path.string(), std::generic_category().message(errno));
}

tcp::endpoint endpoint_of(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string::npos) refuse(address, "it has no port");
  std::string host = address.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return {asio::ip::make_address(host), static_cast<std::uint16_t>(std::stoul(address.substr(colon + 1)))};
}

}  // namespace

asio::generic::stream_protocol::endpoint endpoint_at(const std::string& address) {
  if (address.starts_with(kUnixPrefix)) return Unix::endpoint(address.substr(kUnixPrefix.size()));
  return endpoint_of(address);
}

Listener::Listener(const asio::any_io_executor& executor, const std::string& address) : acceptor_(executor) {
  try {
    if (address.starts_with(kUnixPrefix))
      listen_on_path(executor, address.substr(kUnixPrefix.size()));
    else
      listen_on_port(executor, address);
  } catch (const boost::system::system_error& error) {
    refuse(address, error.code().message());
  }
}

void Listener::close() {
  boost::system::error_code ignored;  // there is nothing to do about it
  acceptor_.close(ignored);
  if (!identity_) return;
  struct stat found{};
  const bool is_ours = lstat(path_.c_str(), &found) == 0 && found.st_dev == identity_->device &&
                       found.st_ino == identity_->inode;
  if (is_ours) unlink(path_.c_str());
  identity_.reset();
}

void Listener::listen_on_port(const asio::any_io_executor& executor, const std::string& address) {
  const tcp::endpoint endpoint = endpoint_of(address);
  tcp::acceptor acceptor(executor, endpoint.protocol());
  // Connections of an earlier life that are not forgotten yet do not stand in the way of a restart.
  acceptor.set_option(tcp::acceptor::reuse_address(true));
  acceptor.bind(endpoint);
  acceptor.listen(kWaiting);
  acceptor_ = std::move(acceptor);
}

void Listener::listen_on_path(const asio::any_io_executor& executor, std::filesystem::path path) {
  remove_stale_socket(path);
  Unix::acceptor acceptor(executor, Unix());
  acceptor.bind(Unix::endpoint(path.string()));
  path_ = std::move(path);
  if (const auto made = look_at(path_)) identity_ = Identity{made->st_dev, made->st_ino};
  // Until it listens nobody can connect, so nobody gets in between its making and its mode.
  if (chmod(path_.c_str(), kSocketMode) != 0)
    throw boost::system::system_error(errno, boost::system::generic_category());
  acceptor.listen(kWaiting);
  acceptor_ = std::move(acceptor);
}

std::uint16_t Listener::port() const {
  const auto endpoint = acceptor_.local_endpoint();
  tcp::endpoint result;
  result.resize(endpoint.size());
  std::memcpy(result.data(), endpoint.data(), endpoint.size());
  return result.port();
}

}  // namespace couponsync::daemon
