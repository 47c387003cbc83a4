#pragma once

#include "base/env.h"
#include "base/listing.h"
#include "store/writer.h"
#include "sync/client.h"
#include "sync/events.h"
#include "sync/mirror_gate.h"

#include <cstdint>
#include <functional>
#include <string>

namespace couponsync {

/// What of a listing is read, where the whole of it would cost more than it is worth.
struct Part {
  enum class Kind : std::uint8_t {
    first_page,  ///< without a filter: how many coupons there are
    effective,   ///< those that can be used
    pending,     ///< those whose time has not come
    stock,       ///< those of one stock, in whatever state
  };
  Kind kind = Kind::first_page;
  std::string stock_id{};  ///< of `stock`
};

/// What is asked for to read a part of that listing, which no filter narrows.
ListingKey key_of(const ListingKey& listing, const Part& part);

/// Is shown each page before it is stored.
using PageVisitor = std::function<void(const Page&)>;

/// Reads a part of a listing. What its pages show comes into the mirror like any page's rows, but nothing is
/// missing by it, and where the listing stands stays as it is (see ProbeCommit). On the io thread; what it is
/// given by reference outlives it.
class ListingProbe {
 public:
  struct Deps {
    Env& env;
    Client& client;
    Writer& writer;
    MirrorGate& mirror;  ///< is told of the rows that were stored
    Events& events;
  };

  explicit ListingProbe(Deps deps) : deps_(deps) {}

  /// Keeps `listing` equal to its row in the mirror, and adds to `cost` what it costs as it goes; `urgency`
  /// may rise meanwhile. False: the part goes on and on, and was left. Fails with what ended it, of which
  /// nothing is noted: what is wrong with the listing shows when it is read whole. Cancellable; a page being
  /// committed still is.
  Task<Result<bool>> read(Listing& listing, Part part, const Urgency& urgency, RunCounters& cost,
                          PageVisitor visit);

 private:
  Task<Result<>> commit(Listing& listing, FetchedPage fetched, RequestOrder began, RunCounters& cost);

  Deps deps_;
};

}  // namespace couponsync
