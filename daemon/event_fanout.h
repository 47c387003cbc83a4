#pragma once

#include "sync/events.h"

#include <string>
#include <utility>
#include <vector>

namespace couponsync::daemon {

/// Tells several listeners of each event, in their order. They outlive it. On the io thread.
class EventFanout final : public Events {
 public:
  explicit EventFanout(std::vector<Events*> listeners) : listeners_(std::move(listeners)) {}

  void run_started(RunTrigger trigger, std::size_t listings) override {
    each([&](Events& e) { e.run_started(trigger, listings); });
  }
  void once_continued(std::int64_t listings) override {
    each([&](Events& e) { e.once_continued(listings); });
  }
  void run_finished(RunTrigger trigger, const RunCounters& counters) override {
    each([&](Events& e) { e.run_finished(trigger, counters); });
  }
  void run_interrupted(RunTrigger trigger, const RunCounters& counters) override {
    each([&](Events& e) { e.run_interrupted(trigger, counters); });
  }
  void listing_resumed(const ListingKey& key, std::int64_t pages_done) override {
    each([&](Events& e) { e.listing_resumed(key, pages_done); });
  }
  void part_committed(const ListingKey& key, const PageOutcome& outcome) override {
    each([&](Events& e) { e.part_committed(key, outcome); });
  }
  void page_committed(const ListingKey& key, std::int64_t page_index, const PageOutcome& outcome) override {
    each([&](Events& e) { e.page_committed(key, page_index, outcome); });
  }
  void listing_completed(const ListingKey& key, const PageOutcome& last_page) override {
    each([&](Events& e) { e.listing_completed(key, last_page); });
  }
  void listing_read_again(const ListingKey& key, const PageOutcome& last_page) override {
    each([&](Events& e) { e.listing_read_again(key, last_page); });
  }
  void listing_restarted(const ListingKey& key, const Failure& why) override {
    each([&](Events& e) { e.listing_restarted(key, why); });
  }
  void listing_failed(const ListingKey& key, const Failure& why, std::chrono::seconds again_in) override {
    each([&](Events& e) { e.listing_failed(key, why, again_in); });
  }
  void oddities_found(const ListingKey& key, const std::vector<std::string>& paths) override {
    each([&](Events& e) { e.oddities_found(key, paths); });
  }
  void hint_followed(const HintedLook& look) override {
    each([&](Events& e) { e.hint_followed(look); });
  }
  void changes_found(std::int64_t changes, bool hinted) override {
    each([&](Events& e) { e.changes_found(changes, hinted); });
  }
  void call_started(Domain domain) override {
    each([&](Events& e) { e.call_started(domain); });
  }
  void call_ended(Domain domain, const Failure* failure, std::chrono::nanoseconds took) override {
    each([&](Events& e) { e.call_ended(domain, failure, took); });
  }
  void call_cancelled(Domain domain) override {
    each([&](Events& e) { e.call_cancelled(domain); });
  }
  void attempt_failed(const ListingKey& key, Domain domain, const Failure& why,
                      std::chrono::milliseconds again_in) override {
    each([&](Events& e) { e.attempt_failed(key, domain, why, again_in); });
  }
  void rate_limited(const ListingKey& key, Domain domain, const Failure& reply) override {
    each([&](Events& e) { e.rate_limited(key, domain, reply); });
  }
  void domain_tripped(Domain domain, const Failure& why) override {
    each([&](Events& e) { e.domain_tripped(domain, why); });
  }
  void domain_restored(Domain domain) override {
    each([&](Events& e) { e.domain_restored(domain); });
  }
  void sending_paused(const Pause& pause) override {
    each([&](Events& e) { e.sending_paused(pause); });
  }
  void sending_resumed(const Pause& pause) override {
    each([&](Events& e) { e.sending_resumed(pause); });
  }
  void sending_stopped(const Failure& why, std::chrono::seconds again_in) override {
    each([&](Events& e) { e.sending_stopped(why, again_in); });
  }
  void refusal_over() override {
    each([](Events& e) { e.refusal_over(); });
  }
  void writing_stopped(const Failure& why, std::chrono::seconds again_in) override {
    each([&](Events& e) { e.writing_stopped(why, again_in); });
  }
  void writing_resumed() override {
    each([](Events& e) { e.writing_resumed(); });
  }

 private:
  template <class F>
  void each(const F& tell) {
    for (Events* listener : listeners_) tell(*listener);
  }

  std::vector<Events*> listeners_;
};

}  // namespace couponsync::daemon
