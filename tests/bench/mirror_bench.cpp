/// What the mirror can take, and what readers that hold it for long do to it and to its writer.

#include "base/digest.h"
#include "base/failure.h"
#include "store/writer.h"
#include "support/temporary_folder.h"
#include "support/watchlist.h"

#include <SQLiteCpp/Column.h>
#include <SQLiteCpp/Database.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

namespace couponsync {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int kListings = 16;
constexpr int kPerPage = 50;
constexpr int kPagesPerListing = 40;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// A coupon of the size that the API sends. `round` changes its contents.
Coupon make_coupon(int listing, int number, int round) {
  const std::string code = fmt::format("{:04}{:08}", listing, number);
  Coupon coupon;
  coupon.stock_id = "stock-" + std::to_string(number % 20);
  coupon.coupon_code = CouponCode(code);
  coupon.product_coupon_id = "product-1";
  coupon.coupon_state = "EFFECTIVE";
  coupon.valid_begin_time = 1'750'000'000;
  coupon.valid_end_time = 1'760'000'000;
  coupon.receive_time = 1'750'000'000;
  coupon.attach = "round " + std::to_string(round);
  coupon.raw_json =
      fmt::format(R"({{"coupon_code":"{}","round":{},"text":"{}"}})", code, round, std::string(700, 'x'));
  coupon.content_hash = sha256(coupon.raw_json);
  return coupon;
}

Page make_page(int listing, int index, int round) {
  Page page;
  if (index == 0) page.total_count = kPagesPerListing * kPerPage;
  if (index + 1 < kPagesPerListing) page.next_page_token = "token-" + std::to_string(index);
  for (int i = 0; i < kPerPage; ++i)
    page.coupons.push_back(make_coupon(listing, index * kPerPage + i, round));
  return page;
}

struct Load {
  std::int64_t coupons = 0;
  Clock::duration longest_commit{};
};

/// Reads one listing again and again until the end; every round's coupons have new contents unless
/// `unchanged`.
Task<> write_listing(Writer& writer, ListingId id, int listing, int first_round, int rounds, bool unchanged,
                     Clock::time_point end, Load& load) {
  for (int round = first_round; round < first_round + rounds && Clock::now() < end; ++round)
    for (int index = 0; index < kPagesPerListing; ++index) {
      PageCommit commit{.listing = id,
                        .page = make_page(listing, index, unchanged ? first_round : round),
                        .page_index = index,
                        .started_at = 1'750'000'000 + round,
                        .seen = {.observed_at = 1'750'000'000 + round},
                        .next_due_at = 1'750'001'000};
      const Clock::time_point start = Clock::now();
      auto applying = writer.apply_page(std::move(commit));
      const Result<PageOutcome> outcome = co_await std::move(applying);
      if (!outcome) throw std::runtime_error(describe(outcome.error()));
      load.longest_commit = std::max(load.longest_commit, Clock::now() - start);
      load.coupons += kPerPage;
    }
}

/// A mirror with its writer, and the event loop that both run on.
class Bench {
 public:
  Bench() : path_(folder_.path() / "mirror.db") {
    Mirror mirror = Mirror::open({.path = path_});
    std::vector<ListingKey> keys;
    for (int i = 0; i < kListings; ++i) {
      keys.emplace_back();
      keys.back().appid = "wx1";
      keys.back().openid = Openid("openid-" + std::to_string(i));
    }
    for (const Listing& state : set_watchlist(mirror, keys)) ids_.push_back(state.id);
    writer_.emplace(std::move(mirror));
  }

  asio::io_context& io() { return io_; }
  const std::filesystem::path& path() const { return path_; }
  std::uintmax_t log_size() const { return std::filesystem::file_size(path_.string() + "-wal"); }

  /// Begins to write all listings at once.
  void write(int first_round, int rounds, bool unchanged, Clock::time_point end, Load& load) {
    for (int i = 0; i < kListings; ++i)
      asio::co_spawn(io_, write_listing(*writer_, ids_[i], i, first_round, rounds, unchanged, end, load),
                     [](std::exception_ptr failure) {
                       if (failure) std::rethrow_exception(failure);
                     });
  }
  void run() {
    io_.run();
    io_.restart();
  }

 private:
  test::TemporaryFolder folder_;
  std::filesystem::path path_;
  asio::io_context io_;
  std::vector<ListingId> ids_;
  std::optional<Writer> writer_;
};

void measure_rows() {
  Bench bench;
  fmt::print("coupons a second, {} listings at once, pages of {}\n", kListings, kPerPage);
  double unchanged_rate = 0;
  double new_rate = 0;
  const auto measure = [&](const char* name, int first_round, int rounds, bool unchanged) {
    Load load;
    const Clock::time_point start = Clock::now();
    bench.write(first_round, rounds, unchanged, Clock::time_point::max(), load);
    bench.run();
    const double rate = static_cast<double>(load.coupons) / seconds_since(start);
    fmt::print("  {:<10} {:>9.0f}\n", name, rate);
    return rate;
  };
  new_rate = measure("new", 0, 1, true);
  const double changed_rate = measure("changed", 1, 4, false);
  unchanged_rate = measure("unchanged", 4, 20, true);
  fmt::print("  unchanged : new {:.1f}, changed : new {:.2f}\n", unchanged_rate / new_rate,
             changed_rate / new_rate);
}

struct ReaderPlan {
  const char* name;
  seconds hold;
  seconds pause;
};

/// Holds a read transaction open, pauses, and again; notes how large the log is at the end of each.
Task<> hold_and_pause(Bench& bench, ReaderPlan plan, Clock::time_point end, std::uintmax_t& after_pause) {
  asio::steady_timer timer(bench.io());
  while (Clock::now() < end) {
    {
      SQLite::Database reader(bench.path().string(), SQLite::OPEN_READONLY, 5'000);
      reader.exec("BEGIN");
      reader.execAndGet("SELECT count(*) FROM listing");
      timer.expires_after(plan.hold);
      auto holding = timer.async_wait(asio::use_awaitable);
      co_await std::move(holding);
    }
    timer.expires_after(plan.pause);
    auto pausing = timer.async_wait(asio::use_awaitable);
    co_await std::move(pausing);
    after_pause = std::max(after_pause, bench.log_size());
  }
}

Task<> watch_log(Bench& bench, Clock::time_point end, std::uintmax_t& largest) {
  asio::steady_timer timer(bench.io());
  while (Clock::now() < end) {
    timer.expires_after(milliseconds(50));
    auto waiting = timer.async_wait(asio::use_awaitable);
    co_await std::move(waiting);
    largest = std::max(largest, bench.log_size());
  }
}

double mebibytes(std::uintmax_t bytes) { return static_cast<double>(bytes) / (1U << 20U); }

void measure_readers() {
  constexpr seconds kEach{36};
  fmt::print("\nwriting changed coupons at full speed for {} s beside a reader\n", kEach.count());
  fmt::print("  {:<28} {:>10} {:>15} {:>12} {:>16}\n", "reader", "coupons/s", "longest commit", "log at most",
             "log after pause");
  for (const ReaderPlan plan : {ReaderPlan{"none", seconds(0), seconds(0)},
                                ReaderPlan{"holds 10 s, pauses 2 s", seconds(10), seconds(2)}}) {
    Bench bench;
    Load load;
    std::uintmax_t largest = 0;
    std::uintmax_t after_pause = 0;
    const Clock::time_point start = Clock::now();
    const Clock::time_point end = start + kEach;
    bench.write(0, 1'000'000, false, end, load);
    asio::co_spawn(bench.io(), watch_log(bench, end, largest), asio::detached);
    if (plan.hold > seconds(0))
      asio::co_spawn(bench.io(), hold_and_pause(bench, plan, end - plan.hold, after_pause), asio::detached);
    bench.run();
    fmt::print("  {:<28} {:>10.0f} {:>12} ms {:>8.1f} MiB {:>12.1f} MiB\n", plan.name,
               static_cast<double>(load.coupons) / seconds_since(start),
               std::chrono::duration_cast<milliseconds>(load.longest_commit).count(), mebibytes(largest),
               mebibytes(plan.hold > seconds(0) ? after_pause : bench.log_size()));
  }
}

}  // namespace
}  // namespace couponsync

int main() {
  couponsync::measure_rows();
  couponsync::measure_readers();
}
