#pragma once

#include "store/sighting.h"

#include <set>
#include <utility>

namespace couponsync {

/// Numbers the requests in the order in which they are sent, and knows which of them have no stored reply
/// yet. On the io thread; outlives its tickets.
class RequestOrders {
 public:
  /// `first` is greater than every number this mirror has seen.
  explicit RequestOrders(RequestOrder first) : next_(first) {}
  RequestOrders(const RequestOrders&) = delete;
  RequestOrders& operator=(const RequestOrders&) = delete;

  /// One request, from its sending until its reply is in the mirror or is given up.
  class Ticket {
   public:
    Ticket() = default;
    Ticket(Ticket&& other) noexcept
        : orders_(std::exchange(other.orders_, nullptr)), number_(other.number_) {}
    Ticket& operator=(Ticket&& other) noexcept {
      std::swap(orders_, other.orders_);
      std::swap(number_, other.number_);
      return *this;
    }
    ~Ticket() {
      if (orders_ != nullptr) orders_->open_.erase(number_);
    }
    RequestOrder number() const { return number_; }

   private:
    friend class RequestOrders;
    Ticket(RequestOrders* orders, RequestOrder number) : orders_(orders), number_(number) {}
    RequestOrders* orders_ = nullptr;
    RequestOrder number_ = 0;
  };

  /// A request is sent now.
  Ticket issue() {
    open_.insert(next_);
    return {this, next_++};
  }
  /// What the next request will get.
  RequestOrder next() const { return next_; }
  /// No reply to an earlier request can come any more.
  RequestOrder oldest_open() const { return open_.empty() ? next_ : *open_.begin(); }

 private:
  RequestOrder next_;
  std::set<RequestOrder> open_;
};

}  // namespace couponsync
