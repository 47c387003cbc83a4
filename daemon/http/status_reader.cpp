#include "http/status_reader.h"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <exception>
#include <utility>

namespace couponsync::daemon {
namespace {

/// A snapshot is good for at least so many times what it took.
constexpr int kRest = 9;

}  // namespace

StatusReader::StatusReader(const boost::asio::any_io_executor& executor, Env& env, Prepare prepare,
                           Options options)
    : executor_(executor),
      env_(env),
      prepare_(std::move(prepare)),
      options_(options),
      changed_(executor),
      patience_(executor),
      self_(std::make_shared<StatusReader*>(this)) {}

StatusReader::~StatusReader() { thread_.request_stop(); }

void StatusReader::read_with(Prepare prepare) {
  prepare_ = std::move(prepare);
  good_until_ = env_.steady_now();
}

void StatusReader::end() {
  thread_ = std::jthread();
  prepare_ = nullptr;
}

Task<std::shared_ptr<const StatusSnapshot>> StatusReader::latest() {
  if (is_due()) begin();
  while (under_way_ && !slow_) co_await changed_.wait();
  co_return latest_;
}

bool StatusReader::is_due() const {
  return prepare_ && !under_way_ && (!latest_ || env_.steady_now() >= good_until_);
}

void StatusReader::begin() {
  began_ = env_.steady_now();
  const std::weak_ptr<StatusReader*> weak = self_;
  thread_ = std::jthread([read = prepare_(), executor = executor_, weak](const std::stop_token& stop) {
    auto snapshot = std::make_shared<const StatusSnapshot>(read(stop));
    boost::asio::post(executor, [weak, snapshot = std::move(snapshot)] {
      if (const auto self = weak.lock()) (*self)->finish(snapshot);
    });
  });
  under_way_ = true;
  slow_ = false;
  patience_.expires_after(options_.patience);
  patience_.async_wait([weak](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (error || !self) return;
    (*self)->slow_ = true;
    (*self)->changed_.notify_all();
  });
}

void StatusReader::finish(std::shared_ptr<const StatusSnapshot> snapshot) {
  const SteadyTime now = env_.steady_now();
  const SteadyTime::duration rest = std::max<SteadyTime::duration>(options_.good_for, (now - began_) * kRest);
  good_until_ = now + rest;
  latest_ = std::move(snapshot);
  under_way_ = false;
  patience_.cancel();
  changed_.notify_all();
}

StatusReader::Prepare mirror_reading(const Env& env, std::shared_ptr<MirrorReader> mirror,
                                     MirrorStatusOptions options, std::chrono::seconds max_age,
                                     std::function<ListingCounts()> listings) {
  return [&env, mirror = std::move(mirror), options = std::move(options), max_age,
          listings = std::move(listings)]() -> StatusReader::Read {
    MirrorStatusOptions mine = options;
    if (listings) mine.listings = std::make_shared<const ListingCounts>(listings());
    return [&env, mirror, mine, max_age](const std::stop_token& stop) {
      StatusSnapshot snapshot;
      try {
        MirrorStatusOptions stoppable = mine;
        stoppable.stop = stop;
        snapshot.report = StatusReport{mirror->status(stoppable), to_unix_seconds(env.wall_now()), max_age};
        snapshot.json = snapshot.report->json();
      } catch (const std::exception& error) {
        snapshot.problem = error.what();
      }
      return snapshot;
    };
  };
}

}  // namespace couponsync::daemon
