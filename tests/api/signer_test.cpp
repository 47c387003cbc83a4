#include "api/signer.h"

#include "api/base64.h"
#include "api/listing_request.h"
#include "api/test_data.h"
#include "api/test_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

namespace couponsync {
namespace {

using namespace couponsync::testing;

BrandIdentity identity() {
  return {"120344", "5157F09EFDC096DE15EBE81A47057A7232F1B8E1", "PUB_KEY_ID_0114232134912410000000000000",
          "couponsyncd/0.1.0"};
}

Signer known_signer() {
  return {identity(), PrivateKey::from_pem(read_test_data("signing/test-only-private-key.pem"))};
}

std::string header_of(const HttpRequest& request, std::string_view name) {
  const auto found = std::ranges::find(request.headers, name, &HttpHeader::name);
  return found == request.headers.end() ? "(none)" : found->value;
}

HttpRequest request_of_the_example() {
  const ListingKey key{"wx233544546545989", Openid("oh-394z-6CGkNoJrsDLTTUKiAnp4"), "1002323", "100232301",
                       "USED"};
  return listing_request(key, 20, "MTIzMjUK");
}

TEST(Signer, GivesTheKnownAnswerOfTheOpensslCommand) {
  HttpRequest request = request_of_the_example();
  known_signer().sign(request, 1756794523, "593BEC0C930BF1AFEB40B4A08C8FB242");
  EXPECT_EQ(
      header_of(request, "Authorization"),
      "WECHATPAY-BRAND-SHA256-RSA2048 brand_id=\"120344\",nonce_str=\"593BEC0C930BF1AFEB40B4A08C8FB242\","
      "timestamp=\"1756794523\",serial_no=\"5157F09EFDC096DE15EBE81A47057A7232F1B8E1\",signature=\"" +
          read_test_data("signing/request.sig") + "\"");
  EXPECT_EQ(header_of(request, "Wechatpay-Serial"), "PUB_KEY_ID_0114232134912410000000000000");
  EXPECT_EQ(header_of(request, "User-Agent"), "couponsyncd/0.1.0");
  EXPECT_EQ(header_of(request, "Content-Type"), "(none)");
}

TEST(Signer, SignsTheTargetExactlyAsItIsSent) {
  const TestKey key = make_rsa_key(2048);
  const Signer signer(identity(), PrivateKey::from_pem(pkcs1_pem(key)));
  HttpRequest request{"/p%2Fq?a=%2B%3D&b=", {}};
  signer.sign(request, 7, "n");
  const std::string authorization = header_of(request, "Authorization");
  const std::size_t begin = authorization.find("signature=\"") + 11;
  const auto signature = base64_decode(authorization.substr(begin, authorization.size() - begin - 1));
  ASSERT_TRUE(signature);
  EXPECT_TRUE(verify_with(key, "GET\n/p%2Fq?a=%2B%3D&b=\n7\nn\n\n", *signature));
}

TEST(Signer, ReplacesTheHeadersOfAnEarlierAttempt) {
  const Signer signer = known_signer();
  HttpRequest request = request_of_the_example();
  signer.sign(request, 1756794000, "00000000000000000000000000000000");
  const std::string first = header_of(request, "Authorization");
  const std::size_t headers = request.headers.size();
  signer.sign(request, 1756794523, "593BEC0C930BF1AFEB40B4A08C8FB242");
  EXPECT_EQ(request.headers.size(), headers);
  EXPECT_NE(header_of(request, "Authorization"), first);
  EXPECT_NE(header_of(request, "Authorization").find(read_test_data("signing/request.sig")),
            std::string::npos);
}

TEST(Signer, RefusesAnIdentityThatWouldBreakOutOfItsHeader) {
  const auto make = [](const BrandIdentity& bad) {
    return Signer(bad, PrivateKey::from_pem(read_test_data("signing/test-only-private-key.pem")));
  };
  for (std::string BrandIdentity::* part :
       {&BrandIdentity::brand_id, &BrandIdentity::certificate_serial, &BrandIdentity::wechatpay_public_key_id,
        &BrandIdentity::user_agent})
    for (const char* text : {"", "a\"b", "a\r\nX: y", "a\tb", "\xE5\x88\xB8"}) {
      BrandIdentity bad = identity();
      bad.*part = text;
      EXPECT_THROW(make(bad), std::invalid_argument) << text;
    }
}

/// Hands out given bytes; everything else of an Env is of no concern here.
class RandomEnv final : public Env {
 public:
  explicit RandomEnv(std::function<unsigned()> next) : next_(std::move(next)) {}
  SteadyTime steady_now() const override { return {}; }
  WallTime wall_now() const override { return {}; }
  Task<> sleep_until(SteadyTime) override { co_return; }
  void random_bytes(std::span<std::byte> out) override {
    for (std::byte& byte : out) byte = static_cast<std::byte>(next_() & 0xFFU);
  }
  double random_unit() override { return 0; }

 private:
  std::function<unsigned()> next_;
};

TEST(MakeNonce, ThrowsAwayBytesThatWouldFavourSomeLetters) {
  RandomEnv env([byte = 247U]() mutable { return ++byte > 255U ? byte - 256U : byte; });
  // 248 to 255 are thrown away, then come 0, 1, 2, ...
  EXPECT_EQ(make_nonce(env), "0123456789ABCDEFGHIJKLMNOPQRSTUV");
}

TEST(MakeNonce, IsThirtyTwoLettersAndDigitsEachEquallyLikely) {
  std::mt19937 generator(42);  // the same run every time
  RandomEnv env([&generator] { return static_cast<unsigned>(generator()); });
  std::map<char, int> counts;
  constexpr int kNonces = 6200;
  for (int i = 0; i < kNonces; ++i) {
    const std::string nonce = make_nonce(env);
    EXPECT_EQ(nonce.size(), 32U);
    for (const char c : nonce) ++counts[c];
  }
  EXPECT_EQ(counts.size(), 62U);
  constexpr int kExpected = kNonces * 32 / 62;  // 3200, standard deviation 56
  for (const auto& [letter, count] : counts) {
    EXPECT_TRUE(std::isalnum(static_cast<unsigned char>(letter)) != 0) << letter;
    EXPECT_NEAR(count, kExpected, 280) << letter;
  }
}

}  // namespace
}  // namespace couponsync
