#pragma once

#include "store/mirror_fixture.h"
#include "store/writer.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

namespace couponsync {

namespace asio = boost::asio;

/// What came of one coroutine.
struct Report {
  std::optional<Result<PageOutcome>> outcome;
  std::exception_ptr thrown;
  bool finished = false;
};

inline Task<> apply(Writer& writer, PageCommit commit, Report& report) {
  auto applying = writer.apply_page(std::move(commit));
  report.outcome = co_await std::move(applying);
  report.finished = true;
}

/// A writer over a mirror of two listings, and what came of the pages it was given.
class WriterTest : public testing::Test {
 protected:
  void start(WriterOptions options = {}) {
    Mirror mirror = Mirror::open({.path = path});
    for (const Listing& state : set_watchlist(mirror, std::vector{user("openid-1"), user("openid-2")}))
      ids.push_back(state.id);
    writer = std::make_unique<Writer>(std::move(mirror), options);
  }
  static PageCommit commit_of(ListingId listing, const std::string& code) {
    return {.listing = listing, .page = page_of({{.code = code}})};
  }
  Report& spawn(PageCommit commit) {
    Report& report = *reports.emplace_back(std::make_unique<Report>());
    asio::co_spawn(io, apply(*writer, std::move(commit), report),
                   [&report](std::exception_ptr thrown) { report.thrown = thrown; });
    return report;
  }
  void run() {
    io.restart();
    io.run();
  }
  std::string coupons() const { return value(path, "SELECT group_concat(coupon_code, ' ') FROM coupon"); }

  TemporaryFolder folder;
  std::filesystem::path path = folder.path() / "mirror.db";
  asio::io_context io;
  std::vector<ListingId> ids;
  std::vector<std::unique_ptr<Report>> reports;
  std::unique_ptr<Writer> writer;
};

}  // namespace couponsync
