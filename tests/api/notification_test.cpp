#include "api/notification.h"

#include "api/test_keys.h"
#include "support/sealed_notification.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>

namespace couponsync {
namespace {

using namespace couponsync::testing;
using test::NotificationParts;
using test::sealed_notification;
using ::testing::HasSubstr;

constexpr const char* kKeyId = "PUB_KEY_ID_0114232134912410000000000000";
constexpr const char* kApiV3Key = "0123456789abcdef0123456789abcdef";
constexpr UnixSeconds kNow = 1768435200;

class NotificationReaderTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (!key_) key_ = make_rsa_key(2048);
  }

  std::vector<HttpHeader> headers_for(const std::string& body, UnixSeconds at = kNow) {
    const std::string timestamp = std::to_string(at);
    const std::string nonce = "nonce" + std::to_string(++nonces_);
    return {{"wechatpay-timestamp", timestamp},
            {"wechatpay-nonce", nonce},
            {"wechatpay-signature", sign_with(key_, timestamp + "\n" + nonce + "\n" + body + "\n")},
            {"wechatpay-serial", kKeyId}};
  }
  Result<Notification> read_body(const std::string& body) {
    return reader_.read(headers_for(body), body, kNow);
  }
  Result<Notification> read(const NotificationParts& parts) {
    return read_body(sealed_notification(parts, kApiV3Key));
  }

  static inline TestKey key_;
  int nonces_ = 0;
  NotificationReader reader_{Verifier(PublicKey::from_pem(spki_pem(key_)), kKeyId),
                             std::make_shared<ApiV3Key>(kApiV3Key)};
};

TEST_F(NotificationReaderTest, TellsWhoseCouponsChanged) {
  for (const char* event :
       {"PRODUCT_COUPON.SEND", "PRODUCT_COUPON.USE", "PRODUCT_COUPON.RETURN", "PRODUCT_COUPON_SP.SEND"}) {
    const auto read_one = read({.id = event, .event_type = event});
    ASSERT_TRUE(read_one) << describe(read_one.error());
    EXPECT_EQ(read_one->kind, Notification::Kind::news);
    EXPECT_EQ(read_one->appid, "wx1");
    EXPECT_EQ(read_one->openid.reveal(), "o1");
  }
}

TEST_F(NotificationReaderTest, NeedsNeitherAppidNorAssociatedData) {
  const auto without = read({.plain = R"({"openid":"o2"})", .associated_data = ""});
  ASSERT_TRUE(without);
  EXPECT_EQ(without->kind, Notification::Kind::news);
  EXPECT_EQ(without->appid, "");
  EXPECT_EQ(without->openid.reveal(), "o2");
}

TEST_F(NotificationReaderTest, KnowsARepetitionByItsId) {
  EXPECT_EQ(read(NotificationParts{})->kind, Notification::Kind::news);
  EXPECT_EQ(read(NotificationParts{})->kind, Notification::Kind::repetition);
  EXPECT_EQ(read({.id = "another"})->kind, Notification::Kind::news);
}

TEST_F(NotificationReaderTest, KnowsAReplayByItsNonce) {
  const std::string body = sealed_notification({}, kApiV3Key);
  const std::vector<HttpHeader> headers = headers_for(body);
  EXPECT_EQ(reader_.read(headers, body, kNow)->kind, Notification::Kind::news);
  EXPECT_EQ(reader_.read(headers, body, kNow + 200)->kind, Notification::Kind::repetition);
  EXPECT_EQ(reader_.read(headers, body, kNow + 400).error().kind, FailureKind::clock_skew);
}

TEST_F(NotificationReaderTest, BelievesNothingThatIsNotSignedAsItIs) {
  const std::string body = sealed_notification({}, kApiV3Key);
  EXPECT_EQ(reader_.read({}, body, kNow).error().kind, FailureKind::signature_missing);
  EXPECT_EQ(reader_.read(headers_for(body + " "), body, kNow).error().kind, FailureKind::signature_wrong);
  std::vector<HttpHeader> probe = headers_for(body);
  std::ranges::find(probe, "wechatpay-signature", &HttpHeader::name)->value = "WECHATPAY/SIGNTEST/abcd";
  EXPECT_EQ(reader_.read(probe, body, kNow).error().kind, FailureKind::signature_wrong);
  EXPECT_EQ(reader_.read(headers_for(body, kNow - 300), body, kNow).error().kind, FailureKind::clock_skew);
  EXPECT_EQ(read(NotificationParts{})->kind, Notification::Kind::news) << "none of those counts as seen";
}

TEST_F(NotificationReaderTest, SaysThatTheKeyDoesNotOpenIt) {
  const auto other = read_body(sealed_notification({}, "another0another0another0another0"));
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().kind, FailureKind::undecodable);
  EXPECT_THAT(other.error().detail, HasSubstr("the APIv3 key does not open the resource"));
  EXPECT_EQ(read(NotificationParts{})->kind, Notification::Kind::news) << "its id does not count as seen";
}

TEST_F(NotificationReaderTest, LeavesAloneWhatIsAboutSomethingElseOrMakesNoSense) {
  for (const std::string body :
       {"", "[]", "{}", "nonsense", R"({"event_type":"TRANSACTION.SUCCESS","resource":{}})",
        R"({"event_type":"PRODUCT_COUPON.SEND"})", R"({"event_type":1,"resource":{}})"}) {
    const auto read_one = read_body(body);
    ASSERT_TRUE(read_one) << body;
    EXPECT_EQ(read_one->kind, Notification::Kind::unrelated) << body;
  }
  int id = 0;
  for (const std::string plain : {"", "[]", "{}", R"({"openid":""})", R"({"openid":7})", "\xFF"}) {
    const auto read_one = read({.id = std::to_string(++id), .plain = plain});
    ASSERT_TRUE(read_one) << plain;
    EXPECT_EQ(read_one->kind, Notification::Kind::unrelated) << plain;
  }
  EXPECT_EQ(read({.plain = R"({"openid":")" + std::string(129, 'o') + "\"}"})->kind,
            Notification::Kind::unrelated);
}

}  // namespace
}  // namespace couponsync
