#include "event_fanout.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace couponsync::daemon {
namespace {

/// Writes down each event with what it can tell apart.
class Recorder final : public Events {
 public:
  explicit Recorder(std::vector<std::string>& told, std::string name) : told_(told), name_(std::move(name)) {}

  void run_started(RunTrigger, std::size_t listings) override { note("run_started", listings); }
  void run_finished(RunTrigger, const RunCounters& c) override { note("run_finished", c.pages); }
  void run_interrupted(RunTrigger, const RunCounters& c) override { note("run_interrupted", c.pages); }
  void listing_resumed(const ListingKey&, std::int64_t pages) override { note("listing_resumed", pages); }
  void page_committed(const ListingKey&, std::int64_t index, const PageOutcome&) override {
    note("page_committed", index);
  }
  void listing_completed(const ListingKey&, const PageOutcome& o) override {
    note("listing_completed", o.inserted);
  }
  void listing_read_again(const ListingKey&, const PageOutcome& o) override {
    note("listing_read_again", o.inserted);
  }
  void listing_restarted(const ListingKey&, const Failure& f) override {
    note("listing_restarted", f.status);
  }
  void listing_failed(const ListingKey&, const Failure&, std::chrono::seconds again_in) override {
    note("listing_failed", again_in.count());
  }
  void oddities_found(const ListingKey&, const std::vector<std::string>& paths) override {
    note("oddities_found", paths.size());
  }
  void call_started(Domain) override { note("call_started", 0); }
  void call_ended(Domain, const Failure*, std::chrono::nanoseconds took) override {
    note("call_ended", took.count());
  }
  void call_cancelled(Domain) override { note("call_cancelled", 0); }
  void attempt_failed(const ListingKey&, Domain, const Failure&,
                      std::chrono::milliseconds again_in) override {
    note("attempt_failed", again_in.count());
  }
  void rate_limited(const ListingKey&, Domain, const Failure& f) override { note("rate_limited", f.status); }
  void domain_tripped(Domain, const Failure& f) override { note("domain_tripped", f.status); }
  void domain_restored(Domain) override { note("domain_restored", 0); }
  void sending_paused(const Pause& pause) override { note("sending_paused", pause.since); }
  void sending_resumed(const Pause& pause) override { note("sending_resumed", pause.lasted.count()); }
  void sending_stopped(const Failure&, std::chrono::seconds again_in) override {
    note("sending_stopped", again_in.count());
  }
  void refusal_over() override { note("refusal_over", 0); }
  void writing_stopped(const Failure&, std::chrono::seconds again_in) override {
    note("writing_stopped", again_in.count());
  }
  void writing_resumed() override { note("writing_resumed", 0); }

 private:
  template <class T>
  void note(const char* event, T value) {
    told_.push_back(name_ + " " + event + " " + std::to_string(value));
  }

  std::vector<std::string>& told_;
  std::string name_;
};

void tell_everything(Events& events) {
  const ListingKey key;
  const Failure failure{.kind = FailureKind::server_error, .status = 502};
  RunCounters counters;
  counters.pages = 3;
  PageOutcome outcome;
  outcome.inserted = 4;
  events.run_started(RunTrigger::start, 1);
  events.run_finished(RunTrigger::start, counters);
  events.run_interrupted(RunTrigger::start, counters);
  events.listing_resumed(key, 5);
  events.page_committed(key, 6, outcome);
  events.listing_completed(key, outcome);
  events.listing_read_again(key, outcome);
  events.listing_restarted(key, failure);
  events.listing_failed(key, failure, std::chrono::seconds(7));
  events.oddities_found(key, {"a", "b"});
  events.call_started(Domain::primary);
  events.call_ended(Domain::primary, nullptr, std::chrono::nanoseconds(8));
  events.call_cancelled(Domain::primary);
  events.attempt_failed(key, Domain::backup, failure, std::chrono::milliseconds(9));
  events.rate_limited(key, Domain::backup, failure);
  events.domain_tripped(Domain::backup, failure);
  events.domain_restored(Domain::backup);
  events.sending_paused({.why = failure, .since = 12});
  events.sending_resumed({.why = failure, .lasted = std::chrono::seconds(13)});
  events.sending_stopped(failure, std::chrono::seconds(10));
  events.refusal_over();
  events.writing_stopped(failure, std::chrono::seconds(11));
  events.writing_resumed();
}

TEST(EventFanout, TellsEachListenerOfEachEventInOrder) {
  std::vector<std::string> directly;
  Recorder first_alone(directly, "first");
  Recorder second_alone(directly, "second");
  tell_everything(first_alone);
  tell_everything(second_alone);
  const std::size_t events = directly.size() / 2;

  std::vector<std::string> fanned_out;
  Recorder first(fanned_out, "first");
  Recorder second(fanned_out, "second");
  EventFanout fanout({&first, &second});
  tell_everything(fanout);
  ASSERT_EQ(fanned_out.size(), directly.size());
  for (std::size_t i = 0; i < events; ++i) {
    EXPECT_EQ(fanned_out[2 * i], directly[i]);
    EXPECT_EQ(fanned_out[2 * i + 1], directly[events + i]);
  }
}

}  // namespace
}  // namespace couponsync::daemon
