#include "configuration/configuration.h"

#include "daemon/configuration_fixture.h"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <random>

namespace couponsync::daemon::test {
namespace {

using std::chrono::milliseconds;

TEST_F(ConfigurationTest, FillsInEveryDefault) {
  const Configuration c = load(minimal());
  EXPECT_EQ(c.brand_id, "120344");
  EXPECT_EQ(c.credentials.private_key_file, folder() / "brand_key.pem");
  EXPECT_EQ(c.credentials.wechatpay_public_key_file, "/keys/pub.pem");
  EXPECT_EQ(c.mirror.path, folder() / "data/mirror.db");
  EXPECT_EQ(c.mirror.durability, Durability::full);
  EXPECT_EQ(c.api.primary, "https://api.mch.weixin.qq.com");
  EXPECT_EQ(c.api.backup, "https://api2.mch.weixin.qq.com");
  EXPECT_EQ(c.api.ca_file, std::nullopt);
  EXPECT_EQ(c.api.page_size, 50);
  EXPECT_EQ(c.api.connect_timeout, milliseconds(5000));
  EXPECT_EQ(c.api.request_timeout, milliseconds(20000));
  EXPECT_EQ(c.api.max_response_bytes, 33554432U);
  EXPECT_EQ(c.sync.interval, milliseconds(900000));
  EXPECT_EQ(c.sync.concurrency, 32);
  EXPECT_EQ(c.sync.max_watchlist_shrink, 0.5);
  EXPECT_EQ(c.rate.max_requests_per_second, 400);
  EXPECT_EQ(c.rate.start_requests_per_second, 20);
  EXPECT_EQ(c.rate.share, 1.0);
  EXPECT_EQ(c.http.listen, std::nullopt);
  EXPECT_EQ(c.log.level, LogLevel::info);
  EXPECT_EQ(c.log.format, LogFormat::text);
}

TEST_F(ConfigurationTest, TakesEveryValue) {
  const Configuration c = load(minimal(R"(
    "api": {"primary": "https://localhost:8443", "backup": null, "ca_file": "ca.pem", "page_size": 20,
            "connect_timeout": "500ms", "request_timeout": "1m", "max_response_bytes": 65536},
    "sync": {"interval": "2h", "concurrency": 1, "max_watchlist_shrink": 1},
    "rate": {"max_requests_per_second": 0.5, "share": 0.25},
    "http": {"listen": "[::1]:9464"},
    "log": {"level": "trace", "format": "json"})"));
  EXPECT_EQ(c.api.primary, "https://localhost:8443");
  EXPECT_EQ(c.api.backup, std::nullopt);
  EXPECT_EQ(c.api.ca_file, folder() / "ca.pem");
  EXPECT_EQ(c.api.page_size, 20);
  EXPECT_EQ(c.api.connect_timeout, milliseconds(500));
  EXPECT_EQ(c.api.request_timeout, milliseconds(60000));
  EXPECT_EQ(c.sync.interval, milliseconds(7200000));
  EXPECT_EQ(c.sync.max_watchlist_shrink, 1);
  EXPECT_EQ(c.rate.start_requests_per_second, 0.5) << "the default start is not above a lower maximum";
  EXPECT_EQ(c.rate.share, 0.25);
  EXPECT_EQ(c.http.listen, "[::1]:9464");
  EXPECT_EQ(c.log.level, LogLevel::trace);
  EXPECT_EQ(c.log.format, LogFormat::json);
}

TEST_F(ConfigurationTest, AllowsCommentsTrailingCommasAndAByteOrderMark) {
  EXPECT_EQ(
      problems("\xEF\xBB\xBF// a comment\n" + minimal("/* another */ \"sync\": {\"concurrency\": 3,},")), "");
}

TEST_F(ConfigurationTest, NamesEveryProblemAtOnce) {
  EXPECT_EQ(
      problems(
          R"({"brand_id": 7, "credentials": {}, "watchlist": [], "mirror": {"path": "m.db", "durability": "ful"},
                         "sync": {"concurrency": 0}})"),
      "/brand_id: found a whole number, allowed is 1 to 128 of [0-9A-Za-z_-]\n"
      "/credentials/certificate_serial: is missing and has no default\n"
      "/credentials/private_key_file: is missing and has no default\n"
      "/credentials/wechatpay_public_key_id: is missing and has no default\n"
      "/credentials/wechatpay_public_key_file: is missing and has no default\n"
      "/watchlist: is empty, at least one group of openids is needed\n"
      "/mirror/durability: found another string, allowed is one of full, normal\n"
      "/sync/concurrency: found 0, allowed is a whole number from 1 to 1024");
}

TEST_F(ConfigurationTest, NamesEveryMissingSection) {
  EXPECT_EQ(problems("{}"),
            "/brand_id: is missing and has no default\n/credentials: is missing and has no default\n"
            "/watchlist: is missing and has no default\n/mirror: is missing and has no default");
}

TEST_F(ConfigurationTest, NamesAnUnknownKeyAndTheNearestKnownOne) {
  EXPECT_EQ(problems(minimal(R"("sync": {"concurency": 3})")),
            "/sync/concurency: unknown key, the nearest known one is concurrency");
  EXPECT_EQ(problems(minimal(R"("a/b~c": 1)")),
            "/a~1b~0c: unknown key, known are brand_id, credentials, watchlist, mirror, api, sync, rate, "
            "http, log");
}

/// Whoever pastes a key where its file's name belongs must not find it in the log.
TEST_F(ConfigurationTest, NeverRepeatsAKeyThatStandsInThePlaceOfItsFilesName) {
  const std::string base64 = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKjMzEfYyjiWA4R4";
  for (const std::string& key :
       {"-----BEGIN PRIVATE KEY-----\\n" + base64 + "\\n-----END PRIVATE KEY-----\\n",
        "-----BEGIN PRIVATE KEY-----" + base64 + "-----END PRIVATE KEY-----", base64, base64 + "\\n",
        "x\\t" + base64}) {
    for (const char* name : {"private_key_file", "wechatpay_public_key_file"}) {
      std::string text = minimal();
      const std::size_t value = text.find('"', text.find(':', text.find(name))) + 1;
      text.replace(value, text.find('"', value) - value, key);
      const std::string found = problems(text);
      EXPECT_NE(found.find("/credentials/" + std::string(name) + ": found a string of "), std::string::npos)
          << found;
      EXPECT_EQ(found.find("MIIE"), std::string::npos) << found;
    }
    const std::string found = problems(minimal(R"("api": {"ca_file": ")" + key + "\"}"));
    EXPECT_NE(found.find("/api/ca_file: found a string of "), std::string::npos) << found;
    EXPECT_EQ(found.find("MIIE"), std::string::npos) << found;
  }
}

TEST_F(ConfigurationTest, TellsOfAnUnknownKeyThatMayBeAnOpenidNothingButItsLength) {
  const std::string found = problems(minimal(R"("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o": 1)"));
  EXPECT_NE(found.find("unknown key of 28 bytes"), std::string::npos) << found;
  EXPECT_EQ(found.find("oUpF8"), std::string::npos) << found;
}

TEST_F(ConfigurationTest, RefusesARateThatWouldNeverSendACall) {
  EXPECT_NE(problems(minimal(R"("rate": {"max_requests_per_second": 1e-9})")), "");
  EXPECT_NE(problems(minimal(R"("rate": {"start_requests_per_second": 0.0009})")), "");
  EXPECT_EQ(problems(minimal(R"("rate": {"max_requests_per_second": 0.001})")), "");
}

struct Wrong {
  const char* more;
  const char* message;
};

class OneProblem : public ConfigurationTest, public testing::WithParamInterface<Wrong> {};

TEST_P(OneProblem, IsNamedWithPlaceFindingAndWhatIsAllowed) {
  EXPECT_EQ(problems(minimal(GetParam().more)), GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Each, OneProblem,
    testing::Values(
        Wrong{R"("sync": 5)", "/sync: found a whole number, allowed is an object"},
        Wrong{R"("sync": {"interval": 900})",
              "/sync/interval: found a whole number, allowed is a duration from 1s to 365d, such as "
              "\"500ms\", \"20s\", "
              "\"15m\", \"2h\", \"1d\""},
        Wrong{R"("sync": {"interval": "10 s"})",
              "/sync/interval: found a string that is no duration, allowed is a duration from 1s to 365d, "
              "such as "
              "\"500ms\", \"20s\", \"15m\", \"2h\", \"1d\""},
        Wrong{R"("sync": {"interval": "999ms"})",
              "/sync/interval: found 999ms, allowed is a duration from 1s to 365d, such as \"500ms\", "
              "\"20s\", \"15m\", "
              "\"2h\", \"1d\""},
        Wrong{R"("sync": {"concurrency": 1.5})",
              "/sync/concurrency: found a number, allowed is a whole number from 1 to 1024"},
        Wrong{R"("sync": {"max_watchlist_shrink": "50%"})",
              "/sync/max_watchlist_shrink: found a string, allowed is a number above 0 and up to 1"},
        Wrong{R"("sync": {"max_watchlist_shrink": 1.1})",
              "/sync/max_watchlist_shrink: found 1.1, allowed is a number above 0 and up to 1"},
        Wrong{R"("api": {"page_size": 51})",
              "/api/page_size: found 51, allowed is a whole number from 1 to 50"},
        Wrong{R"("api": {"page_size": 18446744073709551615})",
              "/api/page_size: found 18446744073709551615, allowed is a whole number from 1 to 50"},
        Wrong{R"("rate": {"share": 0})", "/rate/share: found 0, allowed is a number above 0 and up to 1"},
        Wrong{R"("rate": {"max_requests_per_second": 10, "start_requests_per_second": 11})",
              "/rate/start_requests_per_second: found 11, allowed is a number above 0 and up to 10"},
        Wrong{R"("http": {"listen": "localhost:9464"})",
              "/http/listen: found a string of 14 bytes that is not allowed, allowed is null, "
              "\"ADDRESS:PORT\" of "
              "this machine alone such as \"127.0.0.1:9464\", or \"unix:/path\" of up to 107 bytes"},
        Wrong{R"("log": {"level": null})",
              "/log/level: found null, allowed is one of trace, debug, info, warn, error"}));

TEST_F(ConfigurationTest, ServesHttpToThisMachineAlone) {
  const std::string longest = "/" + std::string(106, 'p');
  for (const std::string& good :
       {std::string("127.0.0.1:9464"), std::string("127.8.8.8:1"), std::string("[::1]:65535"),
        std::string("unix:/run/couponsyncd/http.sock"), "unix:" + longest})
    EXPECT_EQ(problems(minimal(R"("http": {"listen": ")" + good + "\"}")), "") << good;
  for (const std::string& bad :
       {std::string("0.0.0.0:9464"), std::string("192.168.1.5:9464"), std::string("[::]:9464"),
        std::string("127.0.0.1:0"), std::string("127.0.0.1"), std::string("unix:relative"),
        std::string("unix:/folder/"), "unix:" + longest + "p"})
    EXPECT_NE(problems(minimal(R"("http": {"listen": ")" + bad + "\"}")).find("/http/listen"),
              std::string::npos)
        << bad;
}

TEST_F(ConfigurationTest, WantsPlainHttpsUrls) {
  for (const char* url : {"http://api.mch.weixin.qq.com", "https://user@host", "https://host/path",
                          "https://host?q", "https://", "host", ""})
    EXPECT_NE(problems(minimal(std::string(R"("api": {"primary": ")") + url + "\"}")).find("/api/primary"),
              std::string::npos)
        << url;
}

TEST_F(ConfigurationTest, WantsTwoDifferentDomains) {
  EXPECT_NE(problems(minimal(R"("api": {"primary": "https://h", "backup": "https://h"})"))
                .find("/api/backup: is the same"),
            std::string::npos);
}

TEST_F(ConfigurationTest, SaysLineAndColumnOfASyntaxError) {
  const std::string text = problems("{\n  \"brand_id\": nonsense\n}");
  EXPECT_NE(text.find("couponsyncd.json: line 2, column"), std::string::npos) << text;
  EXPECT_NE(problems("{} x").find("there is more after the end"), std::string::npos);
  EXPECT_NE(problems("[]").find("found a list, allowed is an object"), std::string::npos);
  EXPECT_NE(problems("").find("not valid JSON"), std::string::npos);
}

TEST_F(ConfigurationTest, SaysWhyAFileCannotBeRead) {
  try {
    load_configuration(folder() / "nowhere.json");
    FAIL();
  } catch (const ConfigurationError& error) {
    EXPECT_NE(std::string(error.what()).find("nowhere.json: cannot be read: No such file"), std::string::npos)
        << error.what();
  }
}

TEST_F(ConfigurationTest, NeverRepeatsAnOpenid) {
  const std::string text =
      problems(R"({"brand_id": "oCANARY bad", "credentials": "oCANARY", "mirror": {"path": "m.db"},
      "watchlist": [{"appid": "wx1", "openids": ["oCANARY!", 5], "stock_id": "oCANARY?"}]})");
  EXPECT_NE(text.find("/watchlist/0/openids/0: found a string of 8 bytes that is not allowed"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("/watchlist/0/openids/1: found a whole number"), std::string::npos) << text;
  EXPECT_EQ(text.find("CANARY"), std::string::npos) << text;
}

TEST_F(ConfigurationTest, WantsOpenidsFromSomewhereAndStatesThatAreDocumented) {
  const auto group = [](const std::string& members) {
    return R"({"brand_id": "1", "credentials": {"certificate_serial": "1", "private_key_file": "k",
      "wechatpay_public_key_id": "p", "wechatpay_public_key_file": "p"}, "mirror": {"path": "m"}, "watchlist": [{)" +
           members + "}]}";
  };
  EXPECT_EQ(problems(group(R"("appid": "wx1")")),
            "/watchlist/0/openids: is missing, and so is openid_files: give one of them or both");
  EXPECT_NE(problems(group(R"("appid": "wx1", "openids": ["o"], "coupon_states": ["USSED"])"))
                .find("/watchlist/0/coupon_states/0"),
            std::string::npos);
  EXPECT_EQ(problems(group(R"("appid": "wx1", "openids": ["o"], "coupon_states": [])")),
            "/watchlist/0/coupon_states: is empty; leave it out or name at least one");
}

TEST_F(ConfigurationTest, FindsCredentialsWhereSystemdPutsThem) {
  const std::string text = R"({"brand_id": "1", "credentials": {"certificate_serial": "1",
      "private_key_file": "credential:brand", "wechatpay_public_key_id": "p", "wechatpay_public_key_file": "p"},
      "mirror": {"path": "m"}, "watchlist": [{"appid": "wx1", "openids": ["o"]}]})";
  unsetenv("CREDENTIALS_DIRECTORY");
  EXPECT_NE(problems(text).find("CREDENTIALS_DIRECTORY is not set"), std::string::npos);
  setenv("CREDENTIALS_DIRECTORY", "/run/credentials/x", 1);
  EXPECT_EQ(load(text).credentials.private_key_file, "/run/credentials/x/brand");
  unsetenv("CREDENTIALS_DIRECTORY");
}

TEST_F(ConfigurationTest, OfAnOpenidFileOnlyItsOwnTextIsAPattern) {
  const auto pattern_of = [&](const std::string& folder_name, const std::string& text) {
    std::filesystem::create_directories(folder() / folder_name);
    const auto file =
        write(folder_name + "/c.json",
              R"({"brand_id": "1", "credentials": {"certificate_serial": "1", "private_key_file": "k",
      "wechatpay_public_key_id": "p", "wechatpay_public_key_file": "p"}, "mirror": {"path": "m"},
      "watchlist": [{"appid": "wx1", "openid_files": [")" +
                  text + "\"]}]}");
    return load_configuration(file).watchlist.at(0).openid_files.at(0);
  };
  const FilePattern relative = pattern_of("brand[1]", "m*.txt");
  EXPECT_EQ(relative.folder, folder() / "brand[1]");
  EXPECT_EQ(relative.pattern, "m*.txt");
  EXPECT_EQ(pattern_of("a", "./lists//m*.txt").pattern, "lists/m*.txt");
  const FilePattern above = pattern_of("brand[1]", "../../m*.txt");
  EXPECT_EQ(above.folder, folder().parent_path());
  EXPECT_EQ(above.pattern, "m*.txt");
  const FilePattern absolute = pattern_of("a", "/srv/[x]/m*.txt");
  EXPECT_EQ(absolute.folder, "/");
  EXPECT_EQ(absolute.pattern, "srv/[x]/m*.txt");
  EXPECT_EQ(absolute.path(), "/srv/[x]/m*.txt");
  setenv("CREDENTIALS_DIRECTORY", "/run/credentials/x[1]", 1);
  const FilePattern credential = pattern_of("a", "credential:list*");
  unsetenv("CREDENTIALS_DIRECTORY");
  EXPECT_EQ(credential.folder, "/run/credentials/x[1]/list*");
  EXPECT_EQ(credential.pattern, "");
}

TEST_F(ConfigurationTest, TheExampleIsValid) {
  const Configuration c = load_configuration(COUPONSYNC_CONFIG_FOLDER "/couponsyncd.json");
  EXPECT_EQ(c.mirror.path, "/var/lib/couponsyncd/mirror.db");
  EXPECT_EQ(c.watchlist.size(), 1U);
}

TEST_F(ConfigurationTest, NoMutationOfTheExampleDoesMoreHarmThanAnError) {
  std::ifstream file(COUPONSYNC_CONFIG_FOLDER "/couponsyncd.json", std::ios::binary);
  const std::string example{std::istreambuf_iterator<char>(file), {}};
  std::mt19937 random(5);
  int refused = 0;
  for (int i = 0; i < 2000; ++i) {
    std::string text = example;
    for (int edit = 0; edit < 3; ++edit) text[random() % text.size()] = static_cast<char>(random() % 256);
    refused += problems(text).empty() ? 0 : 1;
  }
  EXPECT_GT(refused, 100);
}

}  // namespace
}  // namespace couponsync::daemon::test
