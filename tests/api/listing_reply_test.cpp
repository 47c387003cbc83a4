#include "api/listing_reply.h"

#include "api/page_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace couponsync {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using namespace couponsync::testing;

const Openid kOpenid("oh-394z-6CGkNoJrsDLTTUKiAnp4");

HttpReply reply_of(int status, std::string body, std::string request_id = "08F78BB5AF0610D302") {
  return {.status = status,
          .headers = {{"Content-Type", "application/json"}, {"Request-ID", std::move(request_id)}},
          .body = std::move(body)};
}

Failure failure_of(const HttpReply& reply, bool had_page_token = false) {
  const Result<Page> page = read_listing_reply(reply, had_page_token, kOpenid);
  if (!page) return page.error();
  ADD_FAILURE() << "a page: " << reply.body;
  return {};
}

TEST(ListingReply, GoesByTheCodeOfAnErrorThatCameAsASuccess) {
  using enum FailureKind;
  const std::tuple<const char*, FailureKind, FailureKind> table[] = {
      {"PARAM_ERROR", bad_request, page_token_rejected},
      {"INVALID_REQUEST", bad_request, page_token_rejected},
      {"SIGN_ERROR", credentials_refused, credentials_refused},
      {"NO_AUTH", permission_refused, permission_refused},
      {"NOT_FOUND", not_found, not_found},
      {"SYSTEM_ERROR", server_error, server_error},
      {"RATELIMIT_EXCEEDED", rate_limited, rate_limited},
      {"RATELIMIT_EXCEED", rate_limited, rate_limited},
      {"RATE_LIMITED", rate_limited, rate_limited},
      {"FREQUENCY_LIMITED", rate_limited, rate_limited},
      {"NEVER_HEARD_OF", not_a_listing, not_a_listing},
  };
  for (const auto& [code, first, later] : table)
    for (const char* more :
         {"", R"(,"total_count":0)", R"(,"user_coupon_list":[])", R"(,"detail":{"a":[]})"}) {
      const HttpReply reply =
          reply_of(200, R"({"code":")" + std::string(code) + R"(","message":"m")" + more + "}");
      const Failure failure = failure_of(reply);
      EXPECT_EQ(rule_of(failure.kind).name, rule_of(first).name) << reply.body;
      EXPECT_EQ(failure_of(reply, true).kind, later) << reply.body;
      EXPECT_EQ(failure.code, code);
      EXPECT_EQ(failure.detail, "m");
      EXPECT_EQ(failure.status, 200);
      EXPECT_EQ(failure.request_id, "08F78BB5AF0610D302");
    }
}

TEST(ListingReply, IsNoListingWithoutACodeOfItsOwn) {
  for (const char* body :
       {"", "{}", "[]", R"({"code":500,"message":"m"})", R"({"message":"m"})", "<html>", R"({"code":""})"}) {
    const Failure failure = failure_of(reply_of(200, body));
    EXPECT_EQ(failure.kind, FailureKind::not_a_listing) << body;
    EXPECT_EQ(failure.code, "");
    EXPECT_NE(failure.detail, "");
    EXPECT_EQ(failure.status, 200);
    EXPECT_EQ(failure.request_id, "08F78BB5AF0610D302");
  }
  EXPECT_EQ(failure_of(reply_of(200, "{")).kind, FailureKind::undecodable);
  EXPECT_EQ(failure_of(reply_of(200, "{")).request_id, "08F78BB5AF0610D302");
}

TEST(ListingReply, IsNotAnErrorForTheWordCodeInAListing) {
  const std::string entry = entry_of(R"(,"code":"SYSTEM_ERROR","message":"m")");
  const Result<Page> page = read_listing_reply(reply_of(200, page_of(entry)), false, kOpenid);
  ASSERT_TRUE(page);
  EXPECT_EQ(page->coupons.size(), 1U);
}

TEST(ListingReply, WithAnotherStatusIsAnErrorWhateverItsBody) {
  for (const int status : {201, 206, 400, 401, 404, 500})
    EXPECT_FALSE(read_listing_reply(reply_of(status, R"({"total_count":0})"), false, kOpenid)) << status;
}

TEST(ListingReply, NeverTellsTheOpenidOfAnErrorThatCameAsASuccess) {
  const std::string openid = kOpenid.reveal();
  const Failure failure = failure_of(reply_of(
      200, R"({"code":"SYSTEM_ERROR","message":"no user )" + openid + "\"}", "x" + openid + "\n\xFF"));
  EXPECT_THAT(describe(failure), Not(HasSubstr(openid.substr(0, 8))));
  EXPECT_EQ(failure.request_id, "x" + kOpenid.redacted() + "??");
}

}  // namespace
}  // namespace couponsync
