#pragma once

#include "base/failure.h"
#include "base/task.h"
#include "net/address_order.h"
#include "net/deadline.h"

#include <boost/asio/ip/tcp.hpp>

#include <cstddef>
#include <memory>
#include <string>

namespace couponsync {

/// How many sockets those who connect may hold beyond one each, all of them together; so that a network
/// without an answer does not use up the process's file descriptors. On the io thread.
class SpareSockets {
 public:
  explicit SpareSockets(std::size_t count) : left_(count) {}
  bool take() {
    if (left_ == 0) return false;
    --left_;
    return true;
  }
  void give_back(std::size_t count) { left_ += count; }
  std::size_t left() const { return left_; }

 private:
  std::size_t left_;
};

struct Connected {
  boost::asio::ip::tcp::socket socket;
  boost::asio::ip::tcp::endpoint address;
};

/// Connects to the first address that answers (RFC 8305, section 5): each gets a head start of 250 ms before
/// the next is tried beside it, less if there are too many for the time that is left, and none once it has
/// failed. The sockets of all others are closed before it returns. If the spare sockets are all out, the next
/// address takes the place of the one that has been waited for the longest.
///
/// Fails with connect_failed, saying what came of each address; timed_out at the deadline; or
/// out_of_descriptors. `name` is host and port, for messages. `addresses` are at least one. Cancellable; on
/// the io thread.
Task<Result<Connected>> connect_to_first(Addresses addresses, Deadline deadline, std::string name,
                                         std::shared_ptr<SpareSockets> spare);

}  // namespace couponsync
