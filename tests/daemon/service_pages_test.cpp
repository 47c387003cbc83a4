#include "http/service_pages.h"

#include "support/fake_env.h"
#include "support/http_client.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/logger.h>

#include <memory>
#include <optional>
#include <utility>

namespace couponsync::daemon {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;

class ServicePagesTest : public testing::Test {
 protected:
  ServicePagesTest() { now_.watchlist_adopted = true; }

  WebPage page(const std::string& path, WebRequest::Method method = WebRequest::Method::get) {
    std::optional<WebPage> got;
    WebRequest request;
    request.method = method;
    request.path = path;
    boost::asio::co_spawn(context_, pages_.page(std::move(request)),
                          [&](const std::exception_ptr& thrown, WebPage page) {
                            if (thrown) std::rethrow_exception(thrown);
                            got = std::move(page);
                          });
    context_.restart();
    while (!got) context_.run_one();
    return *got;
  }
  StatusReader::Prepare giving() {
    return [this]() -> StatusReader::Read { return [this](const std::stop_token&) { return reading_; }; };
  }

  StatusSnapshot reading_{StatusReport{}, R"({"healthy":true})", ""};
  ServiceNow now_;
  couponsync::test::FakeEnv env_;
  boost::asio::io_context context_;
  Metrics metrics_{env_};
  Readiness readiness_;
  StatusReader listings_{context_.get_executor(), env_, giving(), {}};
  StatusReader everything_{context_.get_executor(), env_, giving(), {}};
  HintDoor hints_{{env_, metrics_.registry(), std::make_shared<spdlog::logger>("quiet"),
                   [](auto&&...) { return false; }}};
  ServicePages pages_{{metrics_, readiness_, listings_, everything_, hints_, [this] { return now_; }}};
};

TEST_F(ServicePagesTest, HaveTwoDoorsToPostTo) {
  for (const char* path : {"/hint", "/notify"}) {
    EXPECT_EQ(page(path).status, 405) << path;
    EXPECT_EQ(page(path).allow, "POST") << path;
    EXPECT_EQ(page(path, WebRequest::Method::post).status, 421) << "it names no host";
  }
}

TEST_F(ServicePagesTest, AreFour) {
  for (const char* path : {"/metrics", "/healthz", "/readyz", "/status"}) {
    const WebPage found = page(path);
    EXPECT_EQ(found.status, 200) << path;
    EXPECT_TRUE(found.body.ends_with('\n')) << path;
    EXPECT_EQ(page(path, WebRequest::Method::post).status, 405) << path;
    EXPECT_EQ(page(path, WebRequest::Method::other).allow, "GET, HEAD") << path;
  }
  for (const char* path : {"", "/", "/metrics/", "/Metrics", "/health", "//metrics"})
    EXPECT_EQ(page(path).status, 404) << path;
}

TEST_F(ServicePagesTest, TellsHealthUntilTheDatabaseThreadHangs) {
  now_.database_stuck_for = seconds(59);
  EXPECT_EQ(page("/healthz").status, 200);
  now_.database_stuck_for = seconds(60);
  EXPECT_EQ(page("/healthz").status, 503);
  EXPECT_THAT(page("/healthz").body, HasSubstr("completed nothing for 60 s"));
}

TEST_F(ServicePagesTest, TellsReadinessOrWhatIsInItsWay) {
  now_.watchlist_adopted = false;
  EXPECT_EQ(page("/readyz").status, 503);
  EXPECT_THAT(page("/readyz").body, HasSubstr("watchlist"));
  now_.watchlist_adopted = true;
  EXPECT_EQ(page("/readyz").status, 200);
  readiness_.sending_stopped({.kind = FailureKind::permission_refused, .status = 403}, seconds(60));
  EXPECT_EQ(page("/readyz").status, 503);
  EXPECT_THAT(page("/readyz").body, HasSubstr("PERMISSION_REFUSED, HTTP 403; ask WeChat Pay"));
  EXPECT_EQ(page("/healthz").status, 200) << "to restart it would not help";
}

TEST_F(ServicePagesTest, IsNotReadyWhileTheMirrorsLogCannotBeMovedAndSaysWhy) {
  now_.checkpoint_failure = Failure{.kind = FailureKind::mirror_unwritable, .detail = "disk I/O error"};
  EXPECT_EQ(page("/readyz").status, 503);
  EXPECT_THAT(page("/readyz").body, HasSubstr("grows: MIRROR_UNWRITABLE: disk I/O error"));
  EXPECT_EQ(page("/healthz").status, 200);
  EXPECT_THAT(page("/metrics").body, HasSubstr("couponsyncd_checkpoint_failing 1"));
  now_.checkpoint_failure.reset();
  EXPECT_EQ(page("/readyz").status, 200);
  EXPECT_THAT(page("/metrics").body, HasSubstr("couponsyncd_checkpoint_failing 0"));
}

TEST_F(ServicePagesTest, IsHealthyButNotReadyWhileAnotherProgramHasLockedTheMirrorForLong) {
  now_.writer.lock_wait = std::chrono::milliseconds(4'900);
  EXPECT_EQ(page("/readyz").status, 200);
  now_.writer.lock_wait = std::chrono::milliseconds(70'300);
  EXPECT_EQ(page("/readyz").status, 503);
  EXPECT_THAT(page("/readyz").body, HasSubstr("another program has locked the mirror for 70 s"));
  EXPECT_EQ(page("/healthz").status, 200);
}

TEST_F(ServicePagesTest, TellsAPauseOfAllCallsInReadinessAndMetrics) {
  const Failure limit{.kind = FailureKind::rate_limited, .status = 429};
  readiness_.sending_paused({.cause = PauseCause::too_fast, .why = limit, .until = 1'750'000'000});
  EXPECT_EQ(page("/readyz").status, 503);
  EXPECT_THAT(page("/readyz").body, HasSubstr("WeChat Pay asks for a pause: RATE_LIMITED, HTTP 429"));
  EXPECT_EQ(page("/healthz").status, 200);
  auto samples = couponsync::test::parse_metrics(page("/metrics").body);
  EXPECT_EQ(samples.at(R"(couponsyncd_sending_paused{reason="too_fast"})"), 1);
  EXPECT_EQ(samples.at(R"(couponsyncd_sending_paused{reason="no_domain_works"})"), 0);
  EXPECT_EQ(samples.at("couponsyncd_sending_paused_until_timestamp_seconds"), 1'750'000'000);
  readiness_.sending_resumed({.cause = PauseCause::too_fast});
  samples = couponsync::test::parse_metrics(page("/metrics").body);
  EXPECT_EQ(samples.at(R"(couponsyncd_sending_paused{reason="too_fast"})"), 0);
  EXPECT_EQ(samples.at("couponsyncd_sending_paused_until_timestamp_seconds"), 0);
  EXPECT_EQ(page("/readyz").status, 200);
}

TEST_F(ServicePagesTest, GivesTheStatusOrWhyThereIsNone) {
  EXPECT_EQ(page("/status").content_type, "application/json");
  EXPECT_EQ(page("/status").body, "{\"healthy\":true}\n");
  reading_ = {std::nullopt, "", "the mirror's file is gone"};
  everything_.read_with(giving());
  EXPECT_EQ(page("/status").status, 503);
  EXPECT_EQ(page("/status").body, "the mirror's file is gone\n");
}

TEST_F(ServicePagesTest, GivesMetricsInPrometheussFormatEvenIfTheMirrorCannotBeRead) {
  now_.requests_per_second = 12;
  now_.backup_avoided = true;
  now_.writer.pending = 3;
  reading_ = {std::nullopt, "", "the mirror's file is gone"};
  const WebPage got = page("/metrics");
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.content_type, "text/plain; version=0.0.4; charset=utf-8");
  const auto samples = couponsync::test::parse_metrics(got.body);
  EXPECT_EQ(samples.at("couponsyncd_quota_requests_per_second"), 12);
  EXPECT_EQ(samples.at(R"(couponsyncd_domain_avoided{domain="backup"})"), 1);
  EXPECT_EQ(samples.at("couponsyncd_write_queue_jobs"), 3);
}

}  // namespace
}  // namespace couponsync::daemon
