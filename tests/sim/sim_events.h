#pragma once

#include "sim/oracle.h"
#include "sync/events.h"

#include <fmt/format.h>

#include <functional>
#include <map>
#include <string>

namespace couponsync::sim {

/// What the service tells: to the oracle, the counts and the trace.
class SimEvents final : public Events {
 public:
  struct Deps {
    Oracle& oracle;
    std::map<std::string, std::int64_t>& counts;
    std::function<void(const std::function<std::string()>&)> trace;
  };
  explicit SimEvents(Deps deps) : deps_(std::move(deps)) {}

  /// A process that was killed says nothing; one that is stopped does, once `keep_listening` was called.
  void mute(bool muted) { muted_ = muted && !listening_; }
  void keep_listening() { listening_ = true; }
  void process_ended() { listening_ = false; }

  void page_committed(const ListingKey& key, std::int64_t page_index, const PageOutcome& outcome) override {
    if (muted_) return;
    deps_.oracle.committed(key, page_index == 0);
    ++deps_.counts["pages committed"];
    marks_missing = marks_missing || outcome.missing > 0;
    deps_.counts["rows marked missing"] += outcome.missing;
    deps_.counts["rows unlisted"] += outcome.unlisted;
    deps_.counts["replies outdated"] += outcome.outdated;
    deps_.trace([&] {
      return fmt::format("committed page {} of {} {}: {} new, {} changed, {} missing, {} unlisted, ending {}",
                         page_index, key.openid.reveal(), key.coupon_state, outcome.inserted, outcome.updated,
                         outcome.missing, outcome.unlisted, static_cast<int>(outcome.ending));
    });
  }
  void listing_completed(const ListingKey& key, const PageOutcome& /*last*/) override {
    if (muted_) return;
    ++completed[key];
    ++deps_.counts["listings read"];
  }
  void listing_read_again(const ListingKey& /*key*/, const PageOutcome& /*last*/) override {
    count("read again");
  }
  void listing_resumed(const ListingKey& /*key*/, std::int64_t /*pages*/) override { count("resumed"); }
  void listing_restarted(const ListingKey& /*key*/, const Failure& /*why*/) override { count("restarted"); }
  void listing_failed(const ListingKey& key, const Failure& why, std::chrono::seconds again_in) override {
    count("listing failed");
    deps_.trace([&] {
      return fmt::format("failed {} {}: {}, again in {} s", key.openid.reveal(), key.coupon_state,
                         describe(why), again_in.count());
    });
  }
  void sending_paused(const Pause& /*pause*/) override { count("sending paused"); }
  void sending_stopped(const Failure& /*why*/, std::chrono::seconds /*again*/) override {
    count("sending stopped");
  }
  void writing_stopped(const Failure& why, std::chrono::seconds /*again*/) override {
    count("writing stopped");
    deps_.trace([&] { return "writing stopped: " + describe(why); });
  }
  void domain_tripped(Domain /*domain*/, const Failure& /*why*/) override { count("domain tripped"); }

  std::map<ListingKey, std::int64_t> completed;
  bool marks_missing = false;

 private:
  void count(const char* what) {
    if (muted_) return;
    ++deps_.counts[what];
    deps_.trace([&] { return std::string(what); });
  }

  Deps deps_;
  bool muted_ = false;
  bool listening_ = false;
};

}  // namespace couponsync::sim
