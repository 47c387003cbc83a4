#pragma once

#include "signature_watch.h"
#include "sync/events.h"

#include <spdlog/logger.h>

#include <functional>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

namespace couponsync::daemon {

/// Writes what happens to the log: a run and what an operator should act on at info and warn, single listings
/// and calls at debug, so that a bad hour is a page of log and not a disk full. Openids appear under their
/// redacted names only. What the service is doing now goes to `status` in one line.
class LogEvents final : public Events {
 public:
  using StatusLine = std::function<void(const std::string&)>;
  explicit LogEvents(
      std::shared_ptr<spdlog::logger> log, StatusLine status = [](const std::string&) {})
      : log_(std::move(log)), status_(std::move(status)) {}

  void run_started(RunTrigger trigger, std::size_t listings) override;
  void run_finished(RunTrigger trigger, const RunCounters& counters) override;
  void run_interrupted(RunTrigger trigger, const RunCounters& counters) override;
  void listing_resumed(const ListingKey& key, std::int64_t pages_done) override;
  void page_committed(const ListingKey& key, std::int64_t page_index, const PageOutcome& outcome) override;
  void listing_completed(const ListingKey& key, const PageOutcome& last_page) override;
  void listing_read_again(const ListingKey& key, const PageOutcome& last_page) override;
  void listing_restarted(const ListingKey& key, const Failure& why) override;
  void listing_failed(const ListingKey& key, const Failure& why, std::chrono::seconds again_in) override;
  void oddities_found(const ListingKey& key, const std::vector<std::string>& oddities) override;
  void call_ended(Domain domain, const Failure* failure, std::chrono::nanoseconds took) override;
  void attempt_failed(const ListingKey& key, Domain domain, const Failure& why,
                      std::chrono::milliseconds again_in) override;
  void rate_limited(const ListingKey& key, Domain domain, const Failure& reply) override;
  void domain_avoided(Domain domain, const Failure& why) override;
  void domain_back(Domain domain) override;
  void sending_stopped(const Failure& why, std::chrono::seconds again_in) override;
  void writing_stopped(const Failure& why, std::chrono::seconds again_in) override;

 private:
  std::shared_ptr<spdlog::logger> log_;
  StatusLine status_;
  SignatureWatch signatures_;
  int failures_shown_ = 0;    ///< of this run
  bool limit_shown_ = false;  ///< of this run
  std::unordered_set<std::string> oddities_shown_;
};

}  // namespace couponsync::daemon
