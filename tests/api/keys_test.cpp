#include "api/keys.h"

#include "api/test_data.h"
#include "api/test_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>

namespace couponsync {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using namespace couponsync::testing;

class Keys : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (!rsa_) rsa_ = make_rsa_key(2048);
  }
  static inline TestKey rsa_;
};

template <class Key>
std::string refusal(const std::string& pem) {
  try {
    Key::from_pem(pem);
  } catch (const KeyError& error) {
    EXPECT_EQ(ERR_peek_error(), 0U) << "an OpenSSL error was left behind";
    return error.what();
  }
  return "accepted";
}

using PrivateKeyTest = Keys;
using PublicKeyTest = Keys;

TEST_F(PrivateKeyTest, ReadsPkcs8AndPkcs1AndSignsWithThem) {
  for (const std::string& pem : {pkcs8_pem(rsa_), pkcs1_pem(rsa_)}) {
    const PrivateKey key = PrivateKey::from_pem(pem);
    EXPECT_TRUE(verify_with(rsa_, "text", key.sign("text")));
    EXPECT_FALSE(verify_with(rsa_, "other", key.sign("text")));
  }
}

TEST_F(PrivateKeyTest, FindsTheKeyBehindOtherBlocksAndText) {
  const std::string pem = "Bag Attributes\n" + certificate_pem(rsa_) + "\r\n" + pkcs8_pem(rsa_);
  EXPECT_TRUE(verify_with(rsa_, "text", PrivateKey::from_pem(pem).sign("text")));
}

TEST_F(PrivateKeyTest, ReadsWindowsLineEnds) {
  std::string pem;
  for (const char c : pkcs8_pem(rsa_)) pem += c == '\n' ? "\r\n" : std::string(1, c);
  EXPECT_TRUE(verify_with(rsa_, "text", PrivateKey::from_pem(pem).sign("text")));
}

TEST_F(PrivateKeyTest, RefusesEncryptedKeysWithoutAskingForAPassphrase) {
  EXPECT_THAT(refusal<PrivateKey>(encrypted_pkcs8_pem(rsa_)), HasSubstr("found an encrypted private key"));
  EXPECT_THAT(refusal<PrivateKey>(encrypted_pkcs1_pem(rsa_)), HasSubstr("found an encrypted private key"));
}

TEST_F(PrivateKeyTest, SaysWhichOtherThingTheFileHolds) {
  EXPECT_THAT(refusal<PrivateKey>(certificate_pem(rsa_)), HasSubstr("found a certificate"));
  EXPECT_THAT(refusal<PrivateKey>(spki_pem(rsa_)), HasSubstr("found a public key"));
  EXPECT_THAT(refusal<PrivateKey>(pkcs8_pem(make_ec_key())), HasSubstr("found a key of type EC"));
  EXPECT_THAT(refusal<PrivateKey>(pkcs1_pem(make_ec_key())),
              HasSubstr("found a private key (BEGIN EC PRIVATE KEY)"));
  EXPECT_THAT(refusal<PrivateKey>(pkcs8_pem(make_rsa_pss_key())), HasSubstr("found a key of type RSA-PSS"));
  EXPECT_THAT(refusal<PrivateKey>(pkcs8_pem(make_rsa_key(1024))), HasSubstr("found an RSA key of 1024 bits"));
  EXPECT_THAT(refusal<PrivateKey>(""), HasSubstr("found an empty file"));
  EXPECT_THAT(refusal<PrivateKey>("hunter2"),
              AllOf(HasSubstr("no complete PEM block"), Not(HasSubstr("hunter2"))));
}

TEST_F(PrivateKeyTest, RefusesADamagedKeyAndTellsNothingOfIt) {
  const std::string pem = pkcs8_pem(rsa_);
  const std::string cut_off = pem.substr(0, pem.size() / 2);
  EXPECT_THAT(refusal<PrivateKey>(cut_off), HasSubstr("no complete PEM block"));
  const std::string secret = pem.substr(100, 40);
  std::string damaged = pem;
  damaged[pem.size() / 2] = damaged[pem.size() / 2] == 'A' ? 'B' : 'A';
  EXPECT_THAT(refusal<PrivateKey>(damaged), AllOf(HasSubstr("damaged"), Not(HasSubstr(secret))));
  EXPECT_THAT(refusal<PrivateKey>("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
              HasSubstr("cannot be read"));
}

TEST_F(PublicKeyTest, VerifiesWhatTheOwnerSignedAndNothingElse) {
  const PublicKey key = PublicKey::from_pem(spki_pem(rsa_));
  const std::string signature = PrivateKey::from_pem(pkcs8_pem(rsa_)).sign("text");
  EXPECT_TRUE(key.verify("text", signature));
  EXPECT_FALSE(key.verify("text ", signature));
  EXPECT_FALSE(key.verify("text", signature.substr(1)));
  EXPECT_FALSE(key.verify("text", signature + "x"));
  EXPECT_FALSE(key.verify("text", ""));
  EXPECT_FALSE(key.verify("text", std::string(signature.size(), '\xFF')));
  EXPECT_EQ(ERR_peek_error(), 0U) << "an OpenSSL error was left for the next TLS call";
}

TEST_F(PublicKeyTest, SaysWhichOtherThingTheFileHolds) {
  EXPECT_THAT(refusal<PublicKey>(certificate_pem(rsa_)), HasSubstr("found a certificate"));
  EXPECT_THAT(refusal<PublicKey>(pkcs8_pem(rsa_)), HasSubstr("found a private key (BEGIN PRIVATE KEY)"));
  EXPECT_THAT(refusal<PublicKey>(pkcs1_pem(rsa_)), HasSubstr("found a private key (BEGIN RSA PRIVATE KEY)"));
  EXPECT_THAT(refusal<PublicKey>(pkcs1_public_pem(rsa_)), HasSubstr("found a PKCS#1 public key"));
  EXPECT_THAT(refusal<PublicKey>(spki_pem(make_ec_key())), HasSubstr("found a key of type EC"));
  EXPECT_THAT(refusal<PublicKey>(spki_pem(make_rsa_key(1024))), HasSubstr("found an RSA key of 1024 bits"));
  EXPECT_THAT(refusal<PublicKey>("PUB_KEY_ID_1"), HasSubstr("no complete PEM block"));
  EXPECT_THAT(refusal<PublicKey>("-----BEGIN MY SECRET-----\nAAAA\n-----END MY SECRET-----\n"),
              AllOf(HasSubstr("a PEM block of another kind"), Not(HasSubstr("MY SECRET"))));
}

}  // namespace
}  // namespace couponsync
