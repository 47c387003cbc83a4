#include "api/api_v3_key.h"

#include "api/keys.h"
#include "api/test_data.h"

#include <gtest/gtest.h>
#include <openssl/err.h>

#include <string>

namespace couponsync {
namespace {

std::string from_hex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2)
    bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  return bytes;
}

/// Test case 16 of McGrew and Viega, "The Galois/Counter Mode of Operation": AES-256, 12 bytes of nonce.
struct KnownCase {
  std::string key = from_hex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
  std::string nonce = from_hex("cafebabefacedbaddecaf888");
  std::string associated_data = from_hex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
  std::string plain = from_hex(
      "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525"
      "b16aedf5aa0de657ba637b39");
  std::string sealed = from_hex(
      "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838"
      "c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b");
};

TEST(ApiV3Key, OpensWhatWasSealedWithIt) {
  const KnownCase known;
  EXPECT_EQ(ApiV3Key(known.key).open(known.sealed, known.nonce, known.associated_data), known.plain);
}

TEST(ApiV3Key, OpensNothingOfWhichASingleByteIsAnother) {
  const KnownCase known;
  const ApiV3Key key(known.key);
  for (std::size_t i = 0; i < known.sealed.size(); ++i) {
    std::string sealed = known.sealed;
    sealed[i] = static_cast<char>(sealed[i] ^ 1);
    EXPECT_FALSE(key.open(sealed, known.nonce, known.associated_data)) << i;
  }
  std::string nonce = known.nonce;
  nonce[0] = static_cast<char>(nonce[0] ^ 1);
  EXPECT_FALSE(key.open(known.sealed, nonce, known.associated_data));
  EXPECT_FALSE(key.open(known.sealed, known.nonce, known.associated_data + "x"));
  EXPECT_FALSE(key.open(known.sealed, known.nonce, ""));
  EXPECT_EQ(ERR_peek_error(), 0U) << "an OpenSSL error was left for the next TLS call";
}

TEST(ApiV3Key, OpensNothingThatIsTooShortOrHasAnotherNonce) {
  const KnownCase known;
  const ApiV3Key key(known.key);
  EXPECT_FALSE(key.open("", known.nonce, ""));
  EXPECT_FALSE(key.open(std::string(15, 't'), known.nonce, ""));
  EXPECT_FALSE(key.open(std::string(16, 't'), known.nonce, ""));
  EXPECT_FALSE(key.open(known.sealed, "", known.associated_data));
  EXPECT_FALSE(key.open(known.sealed, known.nonce + "1234", known.associated_data));
}

TEST(ApiV3Key, IsThirtyTwoBytes) {
  for (const std::size_t size : {0U, 31U, 33U, 64U}) EXPECT_THROW(ApiV3Key{std::string(size, 'k')}, KeyError);
  try {
    ApiV3Key(std::string(31, 'k'));
    FAIL();
  } catch (const KeyError& error) {
    EXPECT_EQ(std::string(error.what()), "expected the APIv3 key, 32 bytes on one line; found 31 bytes");
  }
}

}  // namespace
}  // namespace couponsync
