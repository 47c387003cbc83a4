#include "sandbox/authorization.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <string>
#include <vector>

namespace couponsync::sandbox {
namespace {

constexpr std::int64_t kNow = 1'768'435'200;

class AuthorizationTest : public testing::Test {
 protected:
  static const KeyPointer& key() {
    static const KeyPointer made(EVP_RSA_gen(2048), EVP_PKEY_free);
    return made;
  }

  /// A right header for GET /a?b=c, made as the documentation says.
  static std::string header(const std::string& brand_id = "1",
                            const std::string& nonce = std::string(32, 'n'), std::int64_t at = kNow,
                            const std::string& serial = "S") {
    const std::string time = std::to_string(at);
    return "WECHATPAY-BRAND-SHA256-RSA2048 brand_id=\"" + brand_id + "\",nonce_str=\"" + nonce +
           "\",timestamp=\"" + time + "\",serial_no=\"" + serial + "\",signature=\"" +
           sign(key(), "GET\n/a?b=c\n" + time + "\n" + nonce + "\n\n") + "\"";
  }

  std::optional<std::string> refuse(const std::string& authorization, const std::string& target = "/a?b=c") {
    return check_.refuse({"GET", target, "", authorization}, kNow);
  }

  AuthorizationCheck check_{key(), "1", "S"};
};

TEST_F(AuthorizationTest, AcceptsARightSignatureOnce) {
  EXPECT_EQ(refuse(header()), std::nullopt);
  EXPECT_EQ(refuse(header()), "nonce_str was used before");
}

TEST_F(AuthorizationTest, RefusesEachSingleDefect) {
  EXPECT_EQ(refuse(header("2")), "brand_id is not this brand's");
  EXPECT_EQ(refuse(header("1", std::string(32, 'n'), kNow, "T")),
            "serial_no is not this brand's certificate's");
  EXPECT_EQ(refuse(header("1", std::string(32, 'n'), kNow - 301)), "timestamp is more than 300 s off");
  EXPECT_EQ(refuse(header("1", std::string(32, 'n'), kNow + 301)), "timestamp is more than 300 s off");
  EXPECT_EQ(refuse(header("1", std::string(31, 'n'))), "nonce_str is not 32 of [0-9A-Za-z]");
  EXPECT_EQ(refuse(header("1", std::string(32, '-'))), "nonce_str is not 32 of [0-9A-Za-z]");
  EXPECT_EQ(refuse(header(), "/a?b=d"), "the signature is wrong");
}

TEST_F(AuthorizationTest, WantsExactlyTheFiveFields) {
  const std::string right = header();
  EXPECT_TRUE(parse_authorization(right));
  for (const std::string& wrong : std::vector<std::string>{
           "", "Bearer x", right + ",more=\"1\"", right + ",", right.substr(0, right.rfind(',')),
           "WECHATPAY2-SHA256-RSA2048" + right.substr(right.find(' '))})
    EXPECT_EQ(parse_authorization(wrong), std::nullopt) << wrong;
  std::string spaced = right;
  spaced.insert(spaced.find(',') + 1, " ");
  EXPECT_EQ(parse_authorization(spaced), std::nullopt);
}

TEST_F(AuthorizationTest, TheOrderOfTheFieldsIsFree) {
  const auto fields = parse_authorization(
      "WECHATPAY-BRAND-SHA256-RSA2048 "
      "signature=\"s\",serial_no=\"S\",timestamp=\"1\",nonce_str=\"n\",brand_id=\"1\"");
  ASSERT_TRUE(fields);
  EXPECT_EQ(fields->at("brand_id"), "1");
}

}  // namespace
}  // namespace couponsync::sandbox
