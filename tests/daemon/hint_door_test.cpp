#include "http/hint_door.h"

#include "support/fake_env.h"
#include "support/fake_wechatpay.h"
#include "support/http_client.h"
#include "support/sealed_notification.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>

#include <prometheus/text_serializer.h>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace couponsync::daemon {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr const char* kApiV3Key = "0123456789abcdef0123456789abcdef";

class HintDoorTest : public testing::Test {
 protected:
  HintDoorTest() { log_->set_pattern("%v"); }

  static WebRequest request(std::string path, std::string body) {
    WebRequest request;
    request.method = WebRequest::Method::post;
    request.path = std::move(path);
    request.headers = {{"Host", "localhost:9464"}, {"Content-Type", "application/json"}};
    request.body = std::move(body);
    return request;
  }
  WebPage hint(std::string body) { return door_.post(request("/hint", std::move(body))); }
  WebPage with_header(const std::string& name, const std::string& value) {
    WebRequest sent = request("/hint", R"({"openids":["o1"]})");
    std::erase_if(sent.headers, [&](const HttpHeader& header) { return header.name == name; });
    if (!value.empty()) sent.headers.push_back({name, value});
    return door_.post(std::move(sent));
  }
  void read_notifications() {
    const couponsync::test::TestKeys& keys = couponsync::test::TestKeys::get();
    door_.read_with(std::make_shared<NotificationReader>(
        Verifier(PublicKey::from_pem(keys.wechatpay_public_pem), std::string(couponsync::test::kPublicKeyId)),
        std::make_shared<ApiV3Key>(kApiV3Key)));
  }
  WebRequest notification(const couponsync::test::NotificationParts& parts) {
    std::string body = couponsync::test::sealed_notification(parts, kApiV3Key);
    const HttpReply signed_one = api_.signed_reply(body, env_.wall_now());
    WebRequest sent = request("/notify", std::move(body));
    for (const HttpHeader& header : signed_one.headers)
      if (header.name.starts_with("Wechatpay-")) sent.headers.push_back(header);
    return sent;
  }
  double counted(const std::string& source, const std::string& outcome) {
    const std::string text = prometheus::TextSerializer().Serialize(registry_.Collect());
    return couponsync::test::parse_metrics(text).at("couponsyncd_hints_total{outcome=\"" + outcome +
                                                    "\",source=\"" + source + "\"}");
  }

  couponsync::test::FakeEnv env_;
  std::ostringstream out_;
  std::shared_ptr<spdlog::logger> log_ =
      std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::ostream_sink_mt>(out_));
  prometheus::Registry registry_;
  std::vector<std::string> hinted_;  ///< "appid openid"
  HintDoor door_{{env_, registry_, log_, [this](std::string_view appid, const Openid& openid, HintSource) {
                    hinted_.push_back(std::string(appid) + " " + openid.reveal());
                    return openid.reveal() != "ostranger";
                  }}};
  couponsync::test::FakeWechatPay api_{env_};
};

TEST_F(HintDoorTest, PassesOnWhoIsHintedAt) {
  const WebPage page = hint(R"({"appid":"wx1","openids":["o1","ostranger","o2"]})");
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.body, "{\"read_next\":2,\"unknown\":1}\n");
  EXPECT_THAT(hinted_, ElementsAre("wx1 o1", "wx1 ostranger", "wx1 o2"));
  EXPECT_EQ(counted("hint", "known"), 2);
  EXPECT_EQ(counted("hint", "unknown"), 1);
  EXPECT_THAT(out_.str(), HasSubstr("a hint is of user ~"));
  EXPECT_THAT(out_.str(), Not(HasSubstr("ostranger")));
}

TEST_F(HintDoorTest, NeedsNoAppid) {
  EXPECT_EQ(hint(R"({"openids":["o1"]})").status, 200);
  EXPECT_EQ(hint(R"({"appid":null,"openids":[]})").status, 200);
  EXPECT_THAT(hinted_, ElementsAre(" o1"));
}

TEST_F(HintDoorTest, SaysWhatIsWrongWithAHintAndTakesNoneOfIt) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"", "no JSON object"},
      {"[]", "no JSON object"},
      {R"({"openids":["o1"])", "no JSON object"},
      {"{}", "/openids: is missing"},
      {R"({"openids":"o1"})", "/openids: is missing, or no list"},
      {R"({"openids":["o1","bad id"]})", "/openids/1: allowed is 1 to 128 of"},
      {R"({"openids":["o1",7]})", "/openids/1: allowed is"},
      {R"({"appid":"","openids":["o1"]})", "/appid: allowed is"},
      {R"({"appid":1,"openids":["o1"]})", "/appid: allowed is"},
      {R"({"openid":"o1"})", "no other member"},
  };
  for (const auto& [body, problem] : cases) {
    const WebPage page = hint(body);
    EXPECT_EQ(page.status, 400) << body;
    EXPECT_THAT(page.body, HasSubstr(problem)) << body;
    EXPECT_THAT(page.body, Not(HasSubstr("bad id")));
  }
  EXPECT_THAT(hinted_, IsEmpty());
}

TEST_F(HintDoorTest, IsNotForWebPages) {
  for (const char* host : {"", "example.com", "localhost.example.com", "127.0.0.1.example.com:9464",
                           "10.0.0.1:9464", "localhost@example.com", "[::2]:9464"})
    EXPECT_EQ(with_header("Host", host).status, 421) << host;
  for (const char* type : {"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data",
                           "application/jsonp", "text/plain; application/json"})
    EXPECT_EQ(with_header("Content-Type", type).status, 415) << type;
  EXPECT_EQ(with_header("Origin", "http://localhost:9464").status, 403);
  EXPECT_THAT(hinted_, IsEmpty());
}

TEST_F(HintDoorTest, IsForWhoeverNamesThisMachine) {
  door_.serve_at("127.0.0.2:9464");
  for (const char* host :
       {"localhost", "LOCALHOST:80", "127.0.0.1:9464", "[::1]", "[::1]:9464", "127.0.0.2:9464"})
    EXPECT_EQ(with_header("Host", host).status, 200) << host;
  for (const char* type : {"application/json; charset=utf-8", "Application/JSON"})
    EXPECT_EQ(with_header("Content-Type", type).status, 200) << type;
}

TEST_F(HintDoorTest, ReadsNotificationsOnceItHasTheKey) {
  EXPECT_EQ(door_.post(notification({})).status, 503);
  read_notifications();
  const WebPage page = door_.post(notification({}));
  EXPECT_EQ(page.status, 204);
  EXPECT_EQ(page.body, "");
  EXPECT_THAT(hinted_, ElementsAre("wx1 o1"));
  EXPECT_EQ(counted("notify", "known"), 1);
}

TEST_F(HintDoorTest, TakesARepeatedNotificationAsOneHint) {
  read_notifications();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(door_.post(notification({})).status, 204);
  EXPECT_THAT(hinted_, ElementsAre("wx1 o1"));
  EXPECT_EQ(counted("notify", "repeated"), 2);
}

TEST_F(HintDoorTest, CountsAndTellsOfForgedNotificationsAndTakesNone) {
  read_notifications();
  WebRequest forged = notification({});
  forged.body += " ";
  EXPECT_EQ(door_.post(std::move(forged)).status, 401);
  WebRequest probe = notification({});
  for (HttpHeader& header : probe.headers)
    if (header.name == "Wechatpay-Signature") header.value = "WECHATPAY/SIGNTEST/abcd";
  EXPECT_EQ(door_.post(std::move(probe)).status, 401);
  EXPECT_EQ(door_.post(request("/notify", "{}")).status, 401);
  EXPECT_THAT(hinted_, IsEmpty());
  EXPECT_EQ(counted("notify", "unverified"), 3);
  EXPECT_THAT(out_.str(), HasSubstr("a notification is not believed: SIGNATURE_WRONG"));
}

TEST_F(HintDoorTest, AnswersWhatIsAboutSomethingElseSoThatItIsNotRepeated) {
  read_notifications();
  EXPECT_EQ(door_.post(notification({.event_type = "TRANSACTION.SUCCESS"})).status, 204);
  EXPECT_EQ(counted("notify", "unrelated"), 1);
  EXPECT_THAT(hinted_, IsEmpty());
}

}  // namespace
}  // namespace couponsync::daemon
