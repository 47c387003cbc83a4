#pragma once

#include "base/env.h"
#include "minute_limit.h"
#include "reported_failures.h"
#include "signature_watch.h"
#include "sync/events.h"

#include <spdlog/logger.h>

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

namespace couponsync::daemon {

/// Writes what happens to the log: a run and what an operator should act on at info and warn, single calls at
/// debug, so that a bad hour is a page of log and not a disk full. What goes on for long is not said again
/// and again: each listing's failure once, a domain that comes
/// and goes once a minute; the rest is at debug. Openids appear under their redacted names only. What the
/// service is doing now goes to `status` in one line.
class LogEvents final : public Events {
 public:
  using StatusLine = std::function<void(const std::string&)>;
  /// `env` outlives it.
  LogEvents(
      std::shared_ptr<spdlog::logger> log, const Env& env, StatusLine status = [](const std::string&) {})
      : log_(std::move(log)), env_(env), status_(std::move(status)) {}

  void run_started(RunTrigger trigger, std::size_t listings) override;
  void once_continued(std::int64_t listings) override;
  void run_finished(RunTrigger trigger, const RunCounters& counters) override;
  void run_interrupted(RunTrigger trigger, const RunCounters& counters) override;
  void listing_resumed(const ListingKey& key, std::int64_t pages_done) override;
  void page_committed(const ListingKey& key, std::int64_t page_index, const PageOutcome& outcome) override;
  void part_committed(const ListingKey& key, const PageOutcome& outcome) override;
  void listing_completed(const ListingKey& key, const PageOutcome& last_page) override;
  void listing_read_again(const ListingKey& key, const PageOutcome& last_page) override;
  void listing_restarted(const ListingKey& key, const Failure& why) override;
  void listing_failed(const ListingKey& key, const Failure& why, std::chrono::seconds again_in) override;
  void oddities_found(const ListingKey& key, const std::vector<std::string>& oddities) override;
  void call_ended(Domain domain, const Failure* failure, std::chrono::nanoseconds took) override;
  void attempt_failed(const ListingKey& key, Domain domain, const Failure& why,
                      std::chrono::milliseconds again_in) override;
  void rate_limited(const ListingKey& key, Domain domain, const Failure& reply) override;
  void domain_tripped(Domain domain, const Failure& why) override;
  void domain_restored(Domain domain) override;
  void sending_paused(const Pause& pause) override;
  void sending_resumed(const Pause& pause) override;
  void sending_stopped(const Failure& why, std::chrono::seconds again_in) override;
  void refusal_over() override;
  void writing_stopped(const Failure& why, std::chrono::seconds again_in) override;
  void writing_resumed() override;

 private:
  /// `level`, or debug if that was said often enough this minute.
  spdlog::level::level_enum limited(MinuteLimit& limit, spdlog::level::level_enum level) const;

  std::shared_ptr<spdlog::logger> log_;
  const Env& env_;
  StatusLine status_;
  SignatureWatch signatures_;
  ReportedFailures reported_failures_;
  std::unordered_set<std::string> oddities_shown_;
  MinuteLimit failures_{100};
  MinuteLimit restarts_{20};
  MinuteLimit limits_;
  MinuteLimit interruptions_;
  struct DomainLine {
    bool avoided = false;
    bool is_reported = false;
    MinuteLimit limit{};
  };
  DomainLine& line_of(Domain domain) { return domains_[static_cast<std::size_t>(domain)]; }
  std::array<DomainLine, 2> domains_;
  std::array<bool, 2> paused_{};  ///< by cause
};

}  // namespace couponsync::daemon
