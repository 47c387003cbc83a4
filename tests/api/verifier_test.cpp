#include "api/verifier.h"

#include "api/test_data.h"
#include "api/test_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>

#include <algorithm>

namespace couponsync {
namespace {

using ::testing::HasSubstr;
using namespace couponsync::testing;

constexpr const char* kKeyId = "PUB_KEY_ID_0114232134912410000000000000";
constexpr UnixSeconds kNow = 1756794524;

class VerifierTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (!key_) key_ = make_rsa_key(2048);
  }

  static HttpReply signed_reply(const std::string& timestamp, std::string body = "{\"total_count\":0}") {
    HttpReply reply;
    reply.status = 200;
    reply.body = std::move(body);
    reply.headers = {{"Request-ID", "08F78BB5AF0610D302"},
                     {"Wechatpay-Timestamp", timestamp},
                     {"Wechatpay-Nonce", "c5ac7061"},
                     {"Wechatpay-Signature", sign_with(key_, timestamp + "\nc5ac7061\n" + reply.body + "\n")},
                     {"Wechatpay-Serial", kKeyId}};
    return reply;
  }

  static void set(HttpReply& reply, std::string_view name, std::string value) {
    std::ranges::find(reply.headers, name, &HttpHeader::name)->value = std::move(value);
  }

  static Failure refusal(const HttpReply& reply, UnixSeconds now = kNow) {
    const Verifier verifier(PublicKey::from_pem(spki_pem(key_)), kKeyId);
    const Result<> outcome = verifier.verify(reply, now);
    EXPECT_EQ(ERR_peek_error(), 0U) << "an OpenSSL error was left for the next TLS call";
    if (outcome) {
      ADD_FAILURE() << "the reply was accepted";
      return {};
    }
    EXPECT_EQ(outcome.error().status, reply.status);
    return outcome.error();
  }

  static bool accepts(const HttpReply& reply, UnixSeconds now = kNow) {
    return Verifier(PublicKey::from_pem(spki_pem(key_)), kKeyId).verify(reply, now).has_value();
  }

  static inline TestKey key_;
};

TEST_F(VerifierTest, AcceptsTheKnownAnswerOfTheOpensslCommand) {
  const Verifier verifier(PublicKey::from_pem(read_test_data("signing/test-only-public-key.pem")), kKeyId);
  HttpReply reply;
  reply.status = 200;
  reply.body = "{\"total_count\":0,\"user_coupon_list\":[]}";
  reply.headers = {{"Wechatpay-Timestamp", "1756794524"},
                   {"Wechatpay-Nonce", "c5ac7061fccab6bf3e254dcf98995b8c"},
                   {"Wechatpay-Signature", read_test_data("signing/reply.sig")},
                   {"Wechatpay-Serial", kKeyId}};
  EXPECT_TRUE(verifier.verify(reply, kNow));
  reply.body += ' ';
  EXPECT_FALSE(verifier.verify(reply, kNow));
}

TEST_F(VerifierTest, ComparesHeaderNamesWithoutRegardToCase) {
  HttpReply reply = signed_reply("1756794524");
  for (HttpHeader& header : reply.headers)
    std::ranges::transform(header.name, header.name.begin(), ::toupper);
  EXPECT_TRUE(accepts(reply));
}

TEST_F(VerifierTest, AcceptsAnEmptyBodyAndBinaryBytes) {
  EXPECT_TRUE(accepts(signed_reply("1756794524", "")));
  EXPECT_TRUE(accepts(signed_reply("1756794524", std::string("\0\n\xFF\r\n", 5))));
}

TEST_F(VerifierTest, NamesTheHeaderThatIsMissing) {
  for (const char* name :
       {"Wechatpay-Timestamp", "Wechatpay-Nonce", "Wechatpay-Signature", "Wechatpay-Serial"}) {
    HttpReply reply = signed_reply("1756794524");
    set(reply, name, "");
    EXPECT_EQ(refusal(reply).kind, FailureKind::signature_missing);
    std::erase_if(reply.headers, [name](const HttpHeader& header) { return header.name == name; });
    const Failure failure = refusal(reply);
    EXPECT_EQ(failure.kind, FailureKind::signature_missing);
    EXPECT_THAT(failure.detail, HasSubstr(name));
    EXPECT_EQ(failure.request_id, "08F78BB5AF0610D302");
  }
}

TEST_F(VerifierTest, TellsAnotherKeysReplyFromAForgedOne) {
  HttpReply reply = signed_reply("1756794524");
  set(reply, "Wechatpay-Serial", "PUB_KEY_ID_9\r\nX");
  const Failure failure = refusal(reply);
  EXPECT_EQ(failure.kind, FailureKind::signature_wrong);
  EXPECT_THAT(failure.detail, HasSubstr("key PUB_KEY_ID_9??X (Wechatpay-Serial)"));
  EXPECT_THAT(failure.detail, HasSubstr(std::string("the configured one is ") + kKeyId));
}

TEST_F(VerifierTest, RefusesAReplyWithAnyPartChanged) {
  const std::vector<std::pair<const char*, const char*>> changes{{"Wechatpay-Timestamp", "1756794525"},
                                                                 {"Wechatpay-Nonce", "c5ac7062"}};
  for (const auto& [name, value] : changes) {
    HttpReply reply = signed_reply("1756794524");
    set(reply, name, value);
    EXPECT_EQ(refusal(reply).kind, FailureKind::signature_wrong) << name;
  }
  HttpReply reply = signed_reply("1756794524");
  reply.body[1] ^= 1;
  EXPECT_EQ(refusal(reply).kind, FailureKind::signature_wrong);
}

TEST_F(VerifierTest, RefusesASignatureOfAnotherKey) {
  HttpReply reply = signed_reply("1756794524");
  set(reply, "Wechatpay-Signature",
      sign_with(make_rsa_key(2048), "1756794524\nc5ac7061\n" + reply.body + "\n"));
  EXPECT_EQ(refusal(reply).kind, FailureKind::signature_wrong);
  EXPECT_THAT(refusal(reply).detail, HasSubstr("does not match"));
}

TEST_F(VerifierTest, RefusesTheWrongSignaturesWeChatPaySendsOnPurpose) {
  const std::string right = signed_reply("1756794524").header("Wechatpay-Signature").value().data();
  for (const std::string& signature : {"WECHATPAY/SIGNTEST/" + right, std::string("WECHATPAY/SIGNTEST/"),
                                       std::string("WECHATPAY/SIGNTEST/c3R1ZmY="),
                                       "WECHATPAY/SIGNTEST/A" + right, "WECHATPAY/SIGNTEST/\xFF" + right}) {
    HttpReply reply = signed_reply("1756794524");
    set(reply, "Wechatpay-Signature", signature);
    const Failure failure = refusal(reply);
    EXPECT_EQ(failure.kind, FailureKind::signature_wrong);
    EXPECT_EQ(failure.detail.find("SIGNTEST"), std::string::npos) << "signatures are not repeated";
  }
}

TEST_F(VerifierTest, RefusesSignaturesThatAreNotBase64OrTooShortOrTooLong) {
  for (const char* signature : {"%%%%", "abc", "AAAA", "AAAA AAAA", "===="}) {
    HttpReply reply = signed_reply("1756794524");
    set(reply, "Wechatpay-Signature", signature);
    EXPECT_EQ(refusal(reply).kind, FailureKind::signature_wrong) << signature;
  }
  HttpReply reply = signed_reply("1756794524");
  set(reply, "Wechatpay-Signature", std::string(100000, 'A'));
  EXPECT_EQ(refusal(reply).kind, FailureKind::signature_wrong);
}

TEST_F(VerifierTest, AllowsLessThanFiveMinutesOfSkewEitherWay) {
  const HttpReply reply = signed_reply("1756794524");
  EXPECT_TRUE(accepts(reply, kNow + 299));
  EXPECT_TRUE(accepts(reply, kNow - 299));
  const Failure ahead = refusal(reply, kNow + 300);
  EXPECT_EQ(ahead.kind, FailureKind::clock_skew);
  EXPECT_THAT(ahead.detail, HasSubstr("300 s ahead of"));
  EXPECT_EQ(refusal(reply, kNow - 300).kind, FailureKind::clock_skew);
  const Failure behind = refusal(reply, kNow - 4000);
  EXPECT_EQ(behind.kind, FailureKind::clock_skew);
  EXPECT_THAT(behind.detail, HasSubstr("4000 s behind"));
}

TEST_F(VerifierTest, DoesNotBlameTheClockForAForgedTimestamp) {
  HttpReply reply = signed_reply("1756794524");
  set(reply, "Wechatpay-Timestamp", "1000000000");
  EXPECT_EQ(refusal(reply).kind, FailureKind::signature_wrong);
}

TEST_F(VerifierTest, RefusesASignedTimestampThatIsNotANumber) {
  for (const char* timestamp : {"soon", "-5", "+1756794524", "1756794524 ", "0x10", "1756794524.0",
                                "1756794524000", "99999999999999999999999"})
    EXPECT_EQ(refusal(signed_reply(timestamp)).kind, FailureKind::signature_wrong) << timestamp;
}

TEST_F(VerifierTest, AcceptsAReplyOnce) {
  const Verifier verifier(PublicKey::from_pem(spki_pem(key_)), kKeyId);
  const HttpReply reply = signed_reply("1756794524");
  EXPECT_TRUE(verifier.verify(reply, kNow));
  for (const UnixSeconds later : {0, 1, 299}) {
    const Result<> again = verifier.verify(reply, kNow + later);
    ASSERT_FALSE(again) << later << " s later";
    EXPECT_EQ(again.error().kind, FailureKind::reply_replayed);
    EXPECT_EQ(again.error().request_id, "08F78BB5AF0610D302");
    EXPECT_EQ(again.error().detail.find("c5ac7061"), std::string::npos) << "nonces are not repeated";
  }
  EXPECT_EQ(verifier.verify(reply, kNow + 300).error().kind, FailureKind::clock_skew);
}

TEST_F(VerifierTest, TakesTheSameNonceInAnotherSecondForAnotherReply) {
  const Verifier verifier(PublicKey::from_pem(spki_pem(key_)), kKeyId);
  EXPECT_TRUE(verifier.verify(signed_reply("1756794524"), kNow));
  EXPECT_TRUE(verifier.verify(signed_reply("1756794525"), kNow));
}

TEST_F(VerifierTest, RemembersOnlyWhatItAccepted) {
  const Verifier verifier(PublicKey::from_pem(spki_pem(key_)), kKeyId);
  HttpReply changed = signed_reply("1756794524");
  changed.body += ' ';
  EXPECT_FALSE(verifier.verify(changed, kNow)) << "forged with the nonce of a reply that is still on its way";
  EXPECT_FALSE(verifier.verify(signed_reply("1756794524"), kNow + 300));
  EXPECT_TRUE(verifier.verify(signed_reply("1756794524"), kNow));
}

TEST_F(VerifierTest, KnowsWhatTheVerifierBeforeItAccepted) {
  const auto seen = std::make_shared<SeenNonces>(Verifier::kMaxSkew);
  const Verifier before(PublicKey::from_pem(spki_pem(key_)), kKeyId, seen);
  const Verifier after(PublicKey::from_pem(spki_pem(key_)), kKeyId, seen);
  const HttpReply reply = signed_reply("1756794524");
  EXPECT_TRUE(before.verify(reply, kNow));
  EXPECT_EQ(after.verify(reply, kNow).error().kind, FailureKind::reply_replayed);
}

TEST_F(VerifierTest, RefusesACompressedBodyNobodyAskedFor) {
  HttpReply reply = signed_reply("1756794524");
  reply.headers.push_back({"Content-Encoding", "gzip"});
  EXPECT_EQ(refusal(reply).kind, FailureKind::malformed_reply);
  EXPECT_THAT(refusal(reply).detail, HasSubstr("gzip"));
  set(reply, "Content-Encoding", "Identity");
  EXPECT_TRUE(accepts(reply));
}

}  // namespace
}  // namespace couponsync
