#include "store/file_faults.h"
#include "sync/sync_fixture.h"

#include <SQLiteCpp/Database.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace couponsync::test {
namespace {

using Instead = std::optional<Result<HttpReply>>;
using enum FailureKind;

constexpr const char* kIll = "o0";      ///< whose listing meets the failure
constexpr const char* kHealthy = "o1";  ///< whose listing must not be touched by it
constexpr int kCoupons = 60;            ///< two pages

/// How a page is asked for after the failure.
enum class Where { nowhere, same_domain, other_domain };

/// One row of the table of failures, as a run shows it.
struct Row {
  FailureKind kind;
  /// What the API, or the way there, does to the calls for the ill listing.
  std::function<Instead(const FakeWechatPay& api, const SeenCall& call)> cause;
  std::size_t calls;    ///< for the ill listing in one reading, the first page's included
  Where repeated;       ///< the second call, if it is for the same page
  std::string code;     ///< what the listing's last_error_code says
  bool has_request_id;  ///< and whether its last_request_id is known
  /// Another listing is asked, to find out whether it is this one alone.
  bool asks_a_witness = false;
};

void PrintTo(const Row& row, std::ostream* out) { *out << rule_of(row.kind).name; }

auto no_reply(FailureKind kind) {
  return [kind](const FakeWechatPay&, const SeenCall&) -> Instead {
    Failure failure;
    failure.kind = kind;
    failure.detail = "as asked";
    return failure;
  };
}

auto error(int status, std::string code) {
  return [status, code](const FakeWechatPay&, const SeenCall&) -> Instead {
    return FakeWechatPay::error_reply(status, code);
  };
}

auto page(std::string body) {
  return [body](const FakeWechatPay& api, const SeenCall&) -> Instead {
    return api.signed_reply(body, api.now());
  };
}

Instead unsigned_page(const FakeWechatPay& api, const SeenCall& call) {
  HttpReply reply = api.page_for(call);
  std::erase_if(reply.headers, [](const HttpHeader& h) { return h.name == "Wechatpay-Signature"; });
  return reply;
}

Instead changed_page(const FakeWechatPay& api, const SeenCall& call) {
  HttpReply reply = api.page_for(call);
  reply.body += " ";
  return reply;
}

Instead page_of_ten_minutes_ago(const FakeWechatPay& api, const SeenCall& call) {
  return api.signed_reply(api.page_for(call).body, api.now() - std::chrono::minutes(10));
}

Instead refused_token(const FakeWechatPay&, const SeenCall& call) {
  if (call.page_token.empty()) return std::nullopt;
  return FakeWechatPay::error_reply(400, "PARAM_ERROR");
}

Instead endless_page(const FakeWechatPay& api, const SeenCall& call) {
  const std::string next = std::to_string(call.page_token.empty() ? 1 : std::stoi(call.page_token) + 1);
  return api.signed_reply(R"({"total_count":1,"next_page_token":")" + next + R"("})", api.now());
}

std::vector<Row> table() {
  return {
      {out_of_descriptors, no_reply(out_of_descriptors), 4, Where::same_domain, "OUT_OF_DESCRIPTORS", false,
       true},
      {resolve_failed, no_reply(resolve_failed), 4, Where::other_domain, "RESOLVE_FAILED", false, true},
      {connect_failed, no_reply(connect_failed), 4, Where::other_domain, "CONNECT_FAILED", false, true},
      {tls_failed, no_reply(tls_failed), 4, Where::other_domain, "TLS_FAILED", false, true},
      {timed_out, no_reply(timed_out), 4, Where::other_domain, "TIMED_OUT", false, true},
      {connection_lost, no_reply(connection_lost), 4, Where::other_domain, "CONNECTION_LOST", false, true},
      {reply_too_large, no_reply(reply_too_large), 1, Where::nowhere, "REPLY_TOO_LARGE", false},
      {malformed_reply, no_reply(malformed_reply), 4, Where::other_domain, "MALFORMED_REPLY", false, true},
      {signature_missing, unsigned_page, 4, Where::same_domain, "SIGNATURE_MISSING", true, true},
      {signature_wrong, changed_page, 4, Where::same_domain, "SIGNATURE_WRONG", true, true},
      {reply_replayed, no_reply(reply_replayed), 4, Where::same_domain, "REPLY_REPLAYED", false, true},
      {clock_skew, page_of_ten_minutes_ago, 4, Where::same_domain, "CLOCK_SKEW", true, true},
      {undecodable, page("{"), 1, Where::nowhere, "UNDECODABLE", true},
      {not_a_listing, page("{}"), 4, Where::same_domain, "NOT_A_LISTING", true, true},
      {bad_request, error(400, "PARAM_ERROR"), 1, Where::nowhere, "PARAM_ERROR", true},
      {page_token_rejected, refused_token, 4, Where::nowhere, "PARAM_ERROR", true},
      {credentials_refused, error(401, "SIGN_ERROR"), 3, Where::other_domain, "SIGN_ERROR", true, true},
      {permission_refused, error(403, "NO_AUTH"), 3, Where::other_domain, "NO_AUTH", true, true},
      {not_found, error(404, "NOT_FOUND"), 1, Where::nowhere, "NOT_FOUND", true},
      {server_error, error(500, "SYSTEM_ERROR"), 4, Where::other_domain, "SYSTEM_ERROR", true, true},
      {unexpected_status, error(302, ""), 4, Where::other_domain, "UNEXPECTED_STATUS", true, true},
      {repeated_page_token, page(R"({"total_count":60,"next_page_token":"again"})"), 4, Where::nowhere,
       "REPEATED_PAGE_TOKEN", true},
      {too_many_pages, endless_page, 11, Where::nowhere, "TOO_MANY_PAGES", true},
      {inconsistent_listing, page(R"({"total_count":7,"user_coupon_list":[]})"), 2, Where::nowhere,
       "INCONSISTENT_LISTING", true},
  };
}

class FailureTable : public SyncTest {
 protected:
  FailureTable() {
    world_.populate(2, [](int) { return kCoupons; });
  }
  std::vector<SeenCall> calls_for(const char* openid) const {
    std::vector<SeenCall> calls;
    std::ranges::copy_if(world_.api.calls, std::back_inserter(calls),
                         [&](const SeenCall& call) { return call.openid == openid; });
    return calls;
  }
  std::string listing(const std::string& column, const std::string& openid = kIll) const {
    return query_one(path_,
                     "SELECT coalesce(" + column + ", '') FROM listing WHERE openid = '" + openid + "'");
  }
  /// One reading of every listing by the service: without a `once`'s second chance.
  OnceReport run() { return world_.first_pass(1); }

  World world_{path_};
};

class EachFailure : public FailureTable, public testing::WithParamInterface<Row> {};

TEST_P(EachFailure, IsTreatedAsItsRowSays) {
  const Row& row = GetParam();
  world_.api.fault = [&](std::size_t, const SeenCall& call) -> Instead {
    return call.openid == kIll ? row.cause(world_.api, call) : std::nullopt;
  };
  const OnceReport report = run();

  const std::vector<SeenCall> calls = calls_for(kIll);
  ASSERT_EQ(calls.size(), row.calls);
  if (row.repeated == Where::other_domain) {
    EXPECT_NE(calls[1].domain, calls[0].domain);
  }
  if (row.repeated == Where::same_domain) {
    EXPECT_EQ(calls[1].domain, calls[0].domain);
  }
  if (row.repeated != Where::nowhere) {
    EXPECT_EQ(calls[1].page_token, calls[0].page_token);
  }

  EXPECT_EQ(report.counters.listings_failed, 1);
  EXPECT_FALSE(report.stopped_by);
  ASSERT_FALSE(world_.events.failures.empty());
  EXPECT_EQ(world_.events.failures.front().kind, row.kind);
  EXPECT_EQ(listing("last_error_code"), row.code);
  EXPECT_NE(listing("last_error").find(rule_of(row.kind).name), std::string::npos) << listing("last_error");
  EXPECT_EQ(!listing("last_request_id").empty(), row.has_request_id);
  EXPECT_EQ(listing("failures"), "1");
  EXPECT_TRUE(world_.events.avoided.empty()) << "a single listing's failures say too little of a domain";

  EXPECT_EQ(calls_for(kHealthy).size(), row.asks_a_witness ? 3U : 2U);
  EXPECT_EQ(listing("last_error_code", kHealthy), "");
}

INSTANTIATE_TEST_SUITE_P(Of, EachFailure, testing::ValuesIn(table()),
                         [](const auto& info) { return std::string(rule_of(info.param.kind).name); });

/// Whoever stands in front of the API: the call is repeated on the other domain, and the listing is read.
class ProxysWord : public FailureTable, public testing::WithParamInterface<int> {};

TEST_P(ProxysWord, Passes) {
  int replies = 0;
  world_.api.fault = [&](std::size_t, const SeenCall& call) -> Instead {
    if (call.openid != kIll || ++replies > 2) return std::nullopt;
    HttpReply reply;
    reply.status = GetParam();
    reply.headers = {{"Content-Type", "text/html"}};
    reply.body = "<html>";
    return reply;
  };
  EXPECT_EQ(run().counters.listings_ok, 2);
  const std::vector<SeenCall> calls = calls_for(kIll);
  ASSERT_EQ(calls.size(), 4U);
  EXPECT_NE(calls[1].domain, calls[0].domain);
  EXPECT_EQ(mirrored_coupons(path_), listed_coupons(world_.api));
}

INSTANTIATE_TEST_SUITE_P(Of, ProxysWord,
                         testing::Values(302, 400, 404, 405, 408, 413, 421, 425, 451, 499, 502, 521));

/// An error's body with status 200, signed: what it says is done, and no coupon is taken for gone.
TEST_F(FailureTable, AnErrorThatCameAsASuccessIsNeverAListingOfNoCoupons) {
  ASSERT_EQ(run().counters.listings_ok, 2);
  for (const char* body :
       {R"({"code":"SYSTEM_ERROR","message":"m"})", R"({"code":"WHATEVER","total_count":0})", "{}", "[]",
        "null", "", R"({"data":{}})", R"({"user_coupon_list":{},"total_count":0})",
        R"({"total_count":0,"next_page_token":7})"}) {
    const auto reply = page(body);
    world_.api.fault = [&](std::size_t, const SeenCall& call) -> Instead {
      return call.openid == kIll ? reply(world_.api, call) : std::nullopt;
    };
    const OnceReport report = run();
    EXPECT_EQ(report.counters.listings_failed, 1) << body;
    EXPECT_EQ(report.counters.missing, 0) << body;
    EXPECT_EQ(query_one(path_, "SELECT count(*) FROM coupon WHERE missing_since IS NULL"), "120") << body;
  }
}

TEST_F(FailureTable, AnErrorThatCameAsASuccessAndPassesCostsNothing) {
  int replies = 0;
  world_.api.fault = [&](std::size_t, const SeenCall& call) -> Instead {
    if (call.openid != kIll || ++replies > 3) return std::nullopt;
    const char* bodies[] = {"{}", R"({"code":"RATELIMIT_EXCEEDED","message":"m"})",
                            R"({"code":"SYSTEM_ERROR"})"};
    return page(bodies[replies - 1])(world_.api, call);
  };
  const OnceReport report = run();
  EXPECT_EQ(report.counters.listings_ok, 2);
  EXPECT_EQ(report.counters.rate_limited, 1);
  EXPECT_EQ(mirrored_coupons(path_), listed_coupons(world_.api));
}

TEST_F(FailureTable, TheRequestIdOfAGoodPageReachesNoRowRaw) {
  world_.api.fault = [&](std::size_t, const SeenCall& call) -> Instead {
    if (call.openid != kIll) return std::nullopt;
    HttpReply reply = page(R"({"total_count":7,"user_coupon_list":[]})")(world_.api, call)->value();
    std::erase_if(reply.headers, [](const HttpHeader& h) { return h.name == "Request-ID"; });
    reply.headers.push_back({"Request-ID", "a\r\n\x1B[2J\xFF" + std::string(500, 'x')});
    return reply;
  };
  run();
  EXPECT_EQ(listing("last_request_id"), "a???[2J?" + std::string(120, 'x'));
}

TEST_F(FailureTable, CONNECTION_STALE_IsRepeatedAtOnceAndSignedAnewAndFailsNothing) {
  int stale = 0;
  world_.api.fault = [&](std::size_t, const SeenCall& call) -> Instead {
    if (call.openid != kIll || ++stale > 2) return std::nullopt;
    return no_reply(connection_stale)(world_.api, call);
  };
  const OnceReport report = run();
  EXPECT_EQ(report.counters.listings_ok, 2);
  EXPECT_EQ(report.counters.requests, 6) << "each is counted";
  EXPECT_EQ(report.counters.retries, 0);
  const std::vector<SeenCall> calls = calls_for(kIll);
  ASSERT_EQ(calls.size(), 4U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(calls[i].page_token, "");
    EXPECT_EQ(calls[i].domain, Domain::primary) << "which is not to blame";
    for (std::size_t j = 0; j < i; ++j) EXPECT_NE(calls[i].nonce, calls[j].nonce);
  }
  EXPECT_EQ(world_.events.waits, (std::vector<std::chrono::milliseconds>(2)));
  EXPECT_EQ(listing("last_error_code"), "");
}

TEST_F(FailureTable, CONNECTION_STALE_ThreeTimesInARowIsAConnectionLost) {
  world_.api.fault = [&](std::size_t, const SeenCall& call) -> Instead {
    return call.openid == kIll ? no_reply(connection_stale)(world_.api, call) : std::nullopt;
  };
  const OnceReport report = run();
  EXPECT_EQ(report.counters.listings_failed, 1);
  EXPECT_EQ(calls_for(kIll).size(), 4U * 3U);
  EXPECT_EQ(listing("last_error_code"), "CONNECTION_LOST");
  EXPECT_NE(calls_for(kIll)[3].domain, Domain::primary) << "after the third";
}

TEST_F(FailureTable, RATE_LIMITED_IsRepeatedOnTheSameDomainUntilItIsAnsweredAndFailsNothing) {
  world_.api.fault = [&](std::size_t n, const SeenCall&) -> Instead {
    if (n >= 30) return std::nullopt;
    return FakeWechatPay::error_reply(429, "RATELIMIT_EXCEEDED");
  };
  const OnceReport report = run();
  EXPECT_EQ(report.counters.listings_ok, 2);
  EXPECT_EQ(report.counters.rate_limited, 30);
  for (const SeenCall& call : world_.api.calls) EXPECT_EQ(call.domain, Domain::primary);
  EXPECT_EQ(listing("last_error_code"), "");
}

TEST_F(FailureTable, MIRROR_UNWRITABLE_StopsReadingAndLosesNothing) {
  std::unique_ptr<FileFault> full;
  world_.api.fault = [&](std::size_t n, const SeenCall&) -> Instead {
    if (n == 2) full.reset(new FileFault(FileFault::from_now_on(FileFault::Call::write, ENOSPC)));
    return std::nullopt;
  };
  const OnceReport report = run();
  ASSERT_TRUE(report.stopped_by);
  EXPECT_EQ(report.stopped_by->kind, mirror_unwritable);
  EXPECT_LE(world_.api.calls.size(), 3U) << "the page at hand, and no more";
  full.reset();
  world_.api.fault = {};
  EXPECT_EQ(run().counters.listings_ok, 2);
  EXPECT_EQ(mirrored_coupons(path_), listed_coupons(world_.api));
}

TEST_F(FailureTable, MIRROR_DAMAGED_StopsReading) {
  world_.api.fault = [&](std::size_t n, const SeenCall&) -> Instead {
    if (n != 1) return std::nullopt;
    SQLite::Database other(path_.string(), SQLite::OPEN_READWRITE, 5'000);
    other.exec(
        "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = 'nonsense' WHERE name = 'coupon';"
        "PRAGMA schema_version = 1000");
    return std::nullopt;
  };
  const OnceReport report = run();
  ASSERT_TRUE(report.stopped_by);
  EXPECT_EQ(report.stopped_by->kind, mirror_damaged);
  EXPECT_LE(world_.api.calls.size(), 2U);
}

TEST_F(FailureTable, HasARowHereForEachKind) {
  // By tests of their own.
  std::vector<FailureKind> shown{connection_stale, rate_limited, mirror_unwritable, mirror_damaged};
  for (const Row& row : table()) shown.push_back(row.kind);
  std::ranges::sort(shown);
  for (std::size_t i = 0; i < shown.size(); ++i) EXPECT_EQ(shown[i], static_cast<FailureKind>(i));
  EXPECT_EQ(shown.back(), mirror_damaged);
}

}  // namespace
}  // namespace couponsync::test
