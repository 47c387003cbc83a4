#include "net/endpoint.h"

#include <gtest/gtest.h>

namespace couponsync {
namespace {

struct GoodUrl {
  std::string_view url;
  HttpsEndpoint endpoint;
  std::string_view authority;
};

class EndpointFrom : public testing::TestWithParam<GoodUrl> {};

TEST_P(EndpointFrom, AGoodUrl) {
  std::string why_not;
  const auto endpoint = parse_https_endpoint(GetParam().url, why_not);
  ASSERT_TRUE(endpoint) << why_not;
  EXPECT_EQ(*endpoint, GetParam().endpoint);
  EXPECT_EQ(authority(*endpoint), GetParam().authority);
}

INSTANTIATE_TEST_SUITE_P(
    Urls, EndpointFrom,
    testing::Values(
        GoodUrl{"https://api.mch.weixin.qq.com", {"api.mch.weixin.qq.com", "443"}, "api.mch.weixin.qq.com"},
        GoodUrl{"https://api.mch.weixin.qq.com/", {"api.mch.weixin.qq.com", "443"}, "api.mch.weixin.qq.com"},
        GoodUrl{"HTTPS://API.Example.COM:443", {"api.example.com", "443"}, "api.example.com"},
        GoodUrl{"https://localhost:8443", {"localhost", "8443"}, "localhost:8443"},
        GoodUrl{"https://127.0.0.1:08443/", {"127.0.0.1", "8443"}, "127.0.0.1:8443"},
        GoodUrl{"https://[::1]:8443", {"::1", "8443"}, "[::1]:8443"},
        GoodUrl{"https://[2001:DB8:0::7]", {"2001:db8::7", "443"}, "[2001:db8::7]"}));

class EndpointRefuses : public testing::TestWithParam<std::pair<std::string_view, std::string_view>> {};

TEST_P(EndpointRefuses, AUrlAndSaysWhy) {
  std::string why_not;
  EXPECT_FALSE(parse_https_endpoint(GetParam().first, why_not));
  EXPECT_NE(why_not.find(GetParam().second), std::string::npos) << why_not;
}

INSTANTIATE_TEST_SUITE_P(
    Urls, EndpointRefuses,
    testing::Values(
        std::pair("", "form"), std::pair("api.mch.weixin.qq.com", "form"),
        std::pair("http://api.example.com", "https"), std::pair("wss://api.example.com", "https"),
        std::pair("https:api.example.com", "host"), std::pair("https://", "host"),
        std::pair("https://user@api.example.com", "user name"),
        std::pair("https://user:secret@api.example.com", "user name"),
        std::pair("https://api.example.com/v3", "path"), std::pair("https://api.example.com//", "path"),
        std::pair("https://api.example.com?a=b", "query"), std::pair("https://api.example.com#a", "fragment"),
        std::pair("https://api.example.com:0", "port"), std::pair("https://api.example.com:65536", "port"),
        std::pair("https://api.example.com:http", "port"), std::pair("https://api.example.com:", "port"),
        std::pair("https://256.1.1.1", "host"), std::pair("https://1.2.3", "host"),
        std::pair("https://api..example.com", "host"), std::pair("https://-a.example.com", "host"),
        std::pair("https://a_b.example.com", "host"), std::pair("https://api%2Eexample.com%00", "host"),
        std::pair("https://[v1.a]", "host"), std::pair("https://api.example.com ", "form")));

TEST(Endpoint, DoesNotRepeatASecretInItsReason) {
  std::string why_not;
  EXPECT_FALSE(parse_https_endpoint("https://user:hush@api.example.com/?key=hush", why_not));
  EXPECT_EQ(why_not.find("hush"), std::string::npos);
}

TEST(Endpoint, IsNamedWithItsPort) {
  EXPECT_EQ(name_of({"api.example.com", "443"}), "api.example.com:443");
  EXPECT_EQ(name_of({"::1", "8443"}), "[::1]:8443");
}

TEST(Endpoint, KnowsAnAddressFromAName) {
  EXPECT_TRUE(is_address({"127.0.0.1", "443"}));
  EXPECT_TRUE(is_address({"::1", "443"}));
  EXPECT_FALSE(is_address({"localhost", "443"}));
}

}  // namespace
}  // namespace couponsync
