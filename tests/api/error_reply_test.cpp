#include "api/error_reply.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace couponsync {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const Openid kOpenid("oh-394z-6CGkNoJrsDLTTUKiAnp4");

HttpReply reply_of(int status, std::string body) {
  return {
      .status = status,
      .headers = {{"Content-Type", "application/json; charset=utf-8"}, {"request-id", "08F78BB5AF0610D302"}},
      .body = std::move(body)};
}

std::string error_body(const std::string& code) { return R"({"code":")" + code + R"(","message":"m"})"; }

Failure classify(const HttpReply& reply, bool had_page_token = false) {
  return classify_error(reply, had_page_token, kOpenid);
}

TEST(ClassifyError, KnowsEveryDocumentedError) {
  using enum FailureKind;
  const std::tuple<int, const char*, FailureKind> table[] = {
      {400, "PARAM_ERROR", bad_request},
      {400, "INVALID_REQUEST", bad_request},
      {401, "SIGN_ERROR", credentials_refused},
      {403, "NO_AUTH", permission_refused},
      {404, "NOT_FOUND", not_found},
      {429, "RATELIMIT_EXCEEDED", rate_limited},
      {500, "SYSTEM_ERROR", server_error},
  };
  for (const auto& [status, code, kind] : table) {
    const Failure failure = classify(reply_of(status, error_body(code)));
    EXPECT_EQ(failure.kind, kind) << code;
    EXPECT_EQ(failure.status, status);
    EXPECT_EQ(failure.code, code);
    EXPECT_EQ(failure.request_id, "08F78BB5AF0610D302");
    EXPECT_EQ(failure.detail, "m");
    EXPECT_EQ(failure.retry_after, std::nullopt);
  }
}

TEST(ClassifyError, BlamesThePageTokenForABadRequestThatHadOne) {
  EXPECT_EQ(classify(reply_of(400, error_body("PARAM_ERROR")), true).kind, FailureKind::page_token_rejected);
  EXPECT_EQ(classify(reply_of(404, error_body("NOT_FOUND")), true).kind, FailureKind::not_found);
}

TEST(ClassifyError, TakesARateLimitCodeAtAnyErrorStatus) {
  for (const char* code : {"RATELIMIT_EXCEEDED", "RATELIMIT_EXCEED", "RATE_LIMITED", "FREQUENCY_LIMITED"})
    for (const int status : {400, 403, 429, 500})
      EXPECT_EQ(classify(reply_of(status, error_body(code)), true).kind, FailureKind::rate_limited) << code;
  EXPECT_EQ(classify(reply_of(429, "<html>")).kind, FailureKind::rate_limited);
  EXPECT_EQ(classify(reply_of(429, "")).kind, FailureKind::rate_limited);
}

/// Bodies that are not the API's: a proxy's, a firewall's, nobody's.
const std::vector<std::string> kForeignBodies{"<html>404</html>",
                                              "{}",
                                              "[]",
                                              "null",
                                              R"({"code":404})",
                                              R"({"code":""})",
                                              R"({"error":"x"})",
                                              "{\"code\":\"A",
                                              R"({"message":"no Route matched"})",
                                              "\xFF\xFE",
                                              "Not Found"};

TEST(ClassifyError, GoesByStatusWhereTheBodySaysNothing) {
  using enum FailureKind;
  const std::pair<int, FailureKind> table[] = {
      {100, unexpected_status}, {199, unexpected_status}, {201, unexpected_status}, {204, unexpected_status},
      {301, unexpected_status}, {302, unexpected_status}, {304, unexpected_status}, {307, unexpected_status},
      {400, unexpected_status}, {401, unexpected_status}, {402, unexpected_status}, {403, unexpected_status},
      {404, unexpected_status}, {405, unexpected_status}, {407, unexpected_status}, {408, server_error},
      {409, unexpected_status}, {410, unexpected_status}, {413, unexpected_status}, {414, unexpected_status},
      {421, server_error},      {422, unexpected_status}, {425, server_error},      {429, rate_limited},
      {431, unexpected_status}, {451, unexpected_status}, {494, unexpected_status}, {499, unexpected_status},
      {500, server_error},      {501, server_error},      {502, server_error},      {503, server_error},
      {504, server_error},      {520, server_error},      {522, server_error},      {524, server_error},
      {530, server_error},      {598, server_error},      {599, server_error},      {600, unexpected_status},
      {0, unexpected_status}};
  for (const auto& [status, kind] : table)
    for (const std::string& body : kForeignBodies)
      for (const bool had_page_token : {false, true}) {
        const Failure failure = classify(reply_of(status, body), had_page_token);
        EXPECT_EQ(rule_of(failure.kind).name, rule_of(kind).name) << status << ' ' << body;
        EXPECT_EQ(failure.code, "");
      }
}

TEST(ClassifyError, TakesAnythingButTheApisOwnWordAsPassingAndTriesTheOtherDomain) {
  for (const int status :
       {301, 302, 400, 401, 403, 404, 405, 408, 409, 413, 414, 421, 422, 425, 431, 451, 499, 502, 521, 598})
    for (const std::string& body : kForeignBodies) {
      const Failure failure = classify(reply_of(status, body), true);
      EXPECT_EQ(failure.rule().remedy, Remedy::repeat) << status << ' ' << body;
      EXPECT_EQ(failure.rule().of_domain, OfDomain::is_down) << status << ' ' << body;
    }
}

TEST(ClassifyError, TakesTheApisOwnWordForWhatItIs) {
  using enum FailureKind;
  EXPECT_EQ(classify(reply_of(404, error_body("NOT_FOUND"))).kind, not_found);
  EXPECT_EQ(classify(reply_of(404, "{\"code\":\"NOT_FOUND\",\"message\":\"\xC4\xFA\"}")).kind, not_found)
      << "GBK";
  EXPECT_EQ(classify(reply_of(404, R"({"code":"NOT_FOUND","message":"\ud83d"})")).kind, not_found);
  for (const bool had_page_token : {false, true})
    EXPECT_EQ(classify(reply_of(400, ""), had_page_token).kind, unexpected_status)
        << "of a 400 it would say what is wrong";
  EXPECT_EQ(classify(reply_of(401, "")).kind, credentials_refused) << "the API's body may be missing";
  EXPECT_EQ(classify(reply_of(403, "")).kind, permission_refused);
  EXPECT_EQ(classify(reply_of(404, "")).kind, unexpected_status)
      << "but of a 404 it would say what it did not find";
}

TEST(ClassifyError, DescribesABodyThatIsNotTheApis) {
  HttpReply reply = reply_of(502, std::string(1234, 'x'));
  reply.headers = {{"content-type", "text/html; charset=utf-8"}};
  EXPECT_EQ(classify(reply).detail, "body is not the API's JSON (text/html, 1234 bytes)");
  reply.headers.clear();
  EXPECT_EQ(classify(reply).detail, "body is not the API's JSON (no Content-Type, 1234 bytes)");
  reply.body.clear();
  EXPECT_EQ(classify(reply).detail, "the body is empty");
}

TEST(ClassifyError, ReadsRetryAfter) {
  HttpReply reply = reply_of(429, error_body("RATELIMIT_EXCEEDED"));
  reply.headers.push_back({"Retry-After", "2"});
  EXPECT_EQ(classify(reply).retry_after, std::chrono::seconds(2));
}

TEST(ClassifyError, ToleratesAMessageThatIsNoText) {
  for (const char* message : {"5", "null", "{}", "[\"x\"]"}) {
    const Failure failure =
        classify(reply_of(500, R"({"code":"SYSTEM_ERROR","message":)" + std::string(message) + "}"));
    EXPECT_EQ(failure.code, "SYSTEM_ERROR");
    EXPECT_EQ(failure.detail, "");
  }
}

TEST(ClassifyError, PutsTheMessageOnOneLineOfTwoHundredCharacters) {
  std::string message = "参数\\n\\u001b[2J";
  for (int i = 0; i < 100; ++i) message += "错误 ";
  const Failure failure = classify(reply_of(400, R"({"code":"PARAM_ERROR","message":")" + message + "\"}"));
  EXPECT_THAT(failure.detail, ::testing::StartsWith("参数  [2J错误 错误"));
  EXPECT_THAT(failure.detail, ::testing::EndsWith("…"));
  EXPECT_LT(failure.detail.size(), 600U);
  EXPECT_EQ(failure.detail.find('\n'), std::string::npos);
}

TEST(ClassifyError, LeavesOutTheDetailMember) {
  const Failure failure = classify(reply_of(
      401,
      R"({"code":"SIGN_ERROR","message":"bad","detail":{"signed":"GET\n/secret","issue":"sign not match"}})"));
  EXPECT_EQ(failure.detail, "bad");
}

TEST(ClassifyError, CutsOffAnAbsurdCode) {
  const Failure failure = classify(reply_of(500, R"({"code":"A\nB)" + std::string(500, 'C') + "\"}"));
  EXPECT_EQ(failure.code.substr(0, 4), "A?BC");
  EXPECT_EQ(failure.code.size(), 64U);
}

TEST(ClassifyError, NeverTellsTheOpenid) {
  const std::string openid = kOpenid.reveal();
  const std::string messages[] = {
      openid,
      "no user " + openid + ", really: " + openid,
      "GET\\n/brand/marketing/product-coupon/users/" + openid + "/coupons?appid=wx1\\n1756794523\\n",
      "x" + openid + openid,
      std::string(190, ' ') + openid,  // the cut after 200 characters must not come first
      "truncated: /users/" + openid.substr(0, 20),
      "\\u006f" + openid.substr(1),
  };
  for (const std::string& message : messages) {
    HttpReply reply = reply_of(401, R"({"code":")" + openid + R"(","message":")" + message + "\"}");
    reply.headers = {{"Request-ID", openid}, {"Content-Type", openid}};
    const Failure failure = classify(reply);
    EXPECT_THAT(failure.detail, HasSubstr(kOpenid.redacted().substr(0, 5))) << message;
    for (const std::string& text : {failure.detail, failure.code, failure.request_id})
      EXPECT_THAT(text, Not(HasSubstr(openid.substr(0, 8)))) << message;
    reply.body = "<html>";
    EXPECT_THAT(describe(classify(reply)), Not(HasSubstr(openid.substr(0, 8))));
  }
}

TEST(ClassifyError, FindsThePercentEncodedOpenidInEitherCase) {
  const Openid openid("用户+1/abcdef");
  for (const char* message : {"/users/%E7%94%A8%E6%88%B7%2B1%2Fabcdef/coupons",
                              "/users/%e7%94%a8%e6%88%b7%2b1%2fabcdef/coupons", "用户+1/abcdef"}) {
    const Failure failure = classify_error(
        reply_of(401, R"({"code":"SIGN_ERROR","message":")" + std::string(message) + "\"}"), false, openid);
    EXPECT_THAT(failure.detail, HasSubstr(openid.redacted()));
    EXPECT_THAT(failure.detail, Not(HasSubstr("abcdef")));
  }
}

TEST(ClassifyError, ReplacesAShortOpenidOnlyWhereItStandsWhole) {
  const Failure failure = classify_error(reply_of(400, R"({"code":"PARAM_ERROR","message":"user o12, o1"})"),
                                         false, Openid("o12"));
  EXPECT_EQ(failure.detail, "user " + Openid("o12").redacted() + ", o1");
  EXPECT_EQ(failure.code, "PARAM_ERROR");
  const Failure none = classify_error(reply_of(400, error_body("PARAM_ERROR")), false, Openid());
  EXPECT_EQ(none.detail, "m");
}

TEST(ClassifyError, MasksNoncesAndSignaturesInTheMessage) {
  const Failure failure = classify(reply_of(
      401, R"({"code":"SIGN_ERROR","message":"nonce 593BEC0C930BF1AFEB40B4A08C8FB242, signature a+/)" +
               std::string(340, 'b') + R"(==, key PUB_KEY_ID_0114232134912410000000000000"})"));
  EXPECT_EQ(failure.detail, "nonce ***, signature ***, key PUB_KEY_ID_0114232134912410000000000000");
}

}  // namespace
}  // namespace couponsync
