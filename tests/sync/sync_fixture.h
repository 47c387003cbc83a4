#pragma once

#include "api/keys.h"
#include "net/domain_selector.h"
#include "net/rate_controller.h"
#include "store/mirror.h"
#include "store/writer.h"
#include "support/fake_env.h"
#include "support/fake_wechatpay.h"
#include "support/temporary_folder.h"
#include "support/watchlist.h"
#include "sync/scheduler.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace couponsync::test {

/// What became of a run, as Events told it.
class RecordingEvents final : public Events {
 public:
  void run_started(RunTrigger trigger, std::size_t) override { runs.push_back(trigger); }
  void run_finished(RunTrigger trigger, const RunCounters& counters) override {
    finished.push_back({trigger, counters});
  }
  void run_interrupted(RunTrigger, const RunCounters&) override { ++interrupted_runs; }
  void listing_resumed(const ListingKey&, std::int64_t pages_done) override {
    resumed_at.push_back(pages_done);
  }
  void bookmark_expired(const ListingKey&, std::int64_t) override { ++expired_bookmarks; }
  void listing_completed(const ListingKey& key, const PageOutcome& last) override {
    completed.push_back(key.openid.reveal());
    last_outcome = last;
  }
  void listing_read_again(const ListingKey&, const PageOutcome&) override { ++rereads; }
  void listing_restarted(const ListingKey&, const Failure& why) override { restarts.push_back(why); }
  void listing_failed(const ListingKey&, const Failure& why, std::chrono::seconds again_in) override {
    failures.push_back(why);
    retry_delays.push_back(again_in);
  }
  void attempt_failed(const ListingKey&, Domain, const Failure& why,
                      std::chrono::milliseconds wait) override {
    attempts.push_back(why);
    waits.push_back(wait);
  }
  void domain_tripped(Domain domain, const Failure&) override { avoided.push_back(domain); }
  void domain_restored(Domain domain) override { back.push_back(domain); }
  void sending_paused(const Pause& pause) override { pauses.push_back(pause); }
  void sending_resumed(const Pause& pause) override { resumptions.push_back(pause); }
  void sending_stopped(const Failure& why, std::chrono::seconds) override {
    ++sending_stops;
    stop_reasons.push_back(why);
  }
  void writing_stopped(const Failure& why, std::chrono::seconds) override { stop_reasons.push_back(why); }

  std::vector<RunTrigger> runs;  ///< that were asked for
  std::vector<std::pair<RunTrigger, RunCounters>> finished;
  std::vector<std::int64_t> resumed_at;
  std::vector<std::string> completed;
  std::optional<PageOutcome> last_outcome;
  std::vector<Failure> restarts;
  std::vector<Failure> failures;
  std::vector<std::chrono::seconds> retry_delays;
  std::vector<Failure> attempts;
  std::vector<std::chrono::milliseconds> waits;
  std::vector<Domain> avoided;
  std::vector<Domain> back;
  std::vector<Pause> pauses;
  std::vector<Pause> resumptions;
  std::vector<Failure> stop_reasons;
  int rereads = 0;
  int expired_bookmarks = 0;
  int sending_stops = 0;
  int interrupted_runs = 0;
};

/// One life of the program over a mirror file: everything from the scheduler down, the API and the time made
/// up, SQLite real. Destroying it is the process's end.
class World {
 public:
  explicit World(const std::filesystem::path& path, RateOptions rate_options = {400, 400, 1.0})
      : mirror_path(path),
        rate(rate_options, env.steady_now()),
        domains(std::make_shared<DomainSelector>(true)),
        writer(std::make_unique<Writer>(Mirror::open({path, Durability::normal}))),
        driver(env) {
    driver.watch(*writer);
  }

  /// Keys and page size anew; connections and domains as they are.
  std::shared_ptr<Session> make_session() {
    const TestKeys& keys = TestKeys::get();
    Exchange exchange(env, *transport,
                      Signer({"120344", "5157F0", std::string(kPublicKeyId), "couponsyncd-test"},
                             PrivateKey::from_pem(keys.brand_private_pem)),
                      Verifier(PublicKey::from_pem(keys.wechatpay_public_pem), std::string(kPublicKeyId)),
                      static_cast<int>(FakeWechatPay::kPageSize));
    return std::make_shared<Session>(Session{transport, domains, std::move(exchange)});
  }
  Plan plan(int concurrency = 16) { return plan_for(watchlist(), concurrency); }
  Plan plan_for(const std::vector<ListingKey>& keys, int concurrency = 16) {
    return {.session = make_session(),
            .watchlist = listing_set(keys),
            .interval = interval,
            .concurrency = static_cast<std::size_t>(concurrency)};
  }
  std::unique_ptr<Scheduler> make_scheduler(Plan plan) {
    return std::make_unique<Scheduler>(Scheduler::Deps{env, rate, *writer, pause, events}, std::move(plan),
                                       env.context().get_executor());
  }

  /// A `once` over every user of the API.
  OnceReport once(int concurrency = 16) { return once_over(plan(concurrency)); }
  OnceReport once_over(Plan plan) {
    const std::unique_ptr<Scheduler> scheduler = make_scheduler(std::move(plan));
    return driver.run(scheduler->once({}));
  }
  /// The service from its start until each listing was read or has failed, or everything was stopped.
  OnceReport first_pass(int concurrency = 16);

  std::vector<ListingKey> watchlist() const {
    std::vector<ListingKey> keys;
    for (const auto& [openid, codes] : api.coupons) keys.push_back({"wxapp", Openid(openid), "", "", ""});
    return keys;
  }

  /// `users` users o0, o1, ... of whom the i-th has `coupons_of(i)` coupons.
  template <class F>
  void populate(int users, F coupons_of) {
    for (int i = 0; i < users; ++i) {
      std::vector<std::string>& codes = api.coupons["o" + std::to_string(i)];
      codes.clear();
      for (int c = 0; c < coupons_of(i); ++c)
        codes.push_back("c" + std::to_string(i) + "-" + std::to_string(c));
    }
  }

  std::filesystem::path mirror_path;
  std::chrono::seconds interval{900};
  FakeEnv env;
  FakeWechatPay api{env};
  RecordingEvents events;
  RateController rate;
  std::shared_ptr<Transport> transport{std::shared_ptr<void>(), &api};
  std::shared_ptr<DomainSelector> domains;
  SendingPause pause{env, events};
  std::unique_ptr<Writer> writer;
  Driver driver;
};

/// "openid code" of every coupon in the mirror that is not missing, sorted.
std::vector<std::string> mirrored_coupons(const std::filesystem::path& mirror_path);
/// The same of the API.
std::vector<std::string> listed_coupons(const FakeWechatPay& api);
/// How many pages of each user's listing are done and not to be read again.
std::map<std::string, std::int64_t> bookmarks(const std::filesystem::path& mirror_path);
/// The first column of the first row of a query.
std::string query_one(const std::filesystem::path& mirror_path, const std::string& sql);

class SyncTest : public testing::Test {
 protected:
  TemporaryFolder folder_;
  std::filesystem::path path_ = folder_.path() / "mirror.db";
};

}  // namespace couponsync::test
