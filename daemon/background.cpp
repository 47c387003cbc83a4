#include "background.h"

#include <boost/asio/post.hpp>

#include <utility>

namespace couponsync::daemon {

Background::~Background() { *is_alive_ = false; }

void Background::start(std::function<Then()> work) {
  thread_ = std::jthread([executor = executor_, is_alive = is_alive_, work = std::move(work)]() mutable {
    Then then = work();
    // What the work refers to is gone before anything is done with what it came to.
    work = nullptr;
    boost::asio::post(executor, [is_alive = std::move(is_alive), then = std::move(then)] {
      if (*is_alive) then();
    });
  });
}

}  // namespace couponsync::daemon
