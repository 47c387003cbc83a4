#include "e2e/e2e_fixture.h"

#include <boost/json/serialize.hpp>

#include <fstream>
#include <functional>
#include <sys/stat.h>
#include <unistd.h>

namespace couponsync::test {
namespace {

/// What goes wrong, and how the program says so, whichever subcommand meets it.
struct BadSetup {
  const char* name;
  std::function<void(const Sandbox&)> spoil;
  int exit_code;
  const char* message;
};

void set(const Sandbox& sandbox, const char* section, const char* key, const boost::json::value& value) {
  boost::json::object config = sandbox.read_config();
  boost::json::value& found = config[section];
  if (!found.is_object()) found.emplace_object();
  found.as_object()[key] = value;
  sandbox.write_config(config);
}

void overwrite(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path, std::ios::trunc) << text;
}

void put_key(const Sandbox& sandbox, const char* file, const char* as) {
  const std::filesystem::path path = sandbox.folder() / as;
  std::filesystem::copy_file(std::filesystem::path(COUPONSYNC_TEST_DATA) / "signing" / file, path,
                             std::filesystem::copy_options::overwrite_existing);
  std::filesystem::permissions(path, std::filesystem::perms::owner_read);
}

const std::vector<BadSetup>& bad_setups() {
  static const std::vector<BadSetup> setups{
      {"no_configuration", [](const Sandbox& s) { std::filesystem::remove(s.config()); }, 78,
       "couponsyncd.json"},
      {"not_json", [](const Sandbox& s) { overwrite(s.config(), "{ \"brand_id\": "); }, 78, "line 1"},
      {"unknown_key", [](const Sandbox& s) { set(s, "sync", "concurency", 3); }, 78, "/sync/concurency"},
      {"wrong_type", [](const Sandbox& s) { set(s, "sync", "interval", 900); }, 78, "/sync/interval"},
      {"out_of_range", [](const Sandbox& s) { set(s, "api", "page_size", 51); }, 78, "/api/page_size"},
      {"plain_http", [](const Sandbox& s) { set(s, "api", "primary", "http://127.0.0.1"); }, 78,
       "/api/primary"},
      {"no_key_file", [](const Sandbox& s) { std::filesystem::remove(s.folder() / "brand_key.pem"); }, 78,
       "/credentials/private_key_file"},
      {"world_readable_key", [](const Sandbox& s) { chmod((s.folder() / "brand_key.pem").c_str(), 0644); },
       78, "chmod"},
      {"not_a_key", [](const Sandbox& s) { overwrite(s.folder() / "brand_key.pem", "hello"); }, 78,
       "/credentials/private_key_file"},
      {"not_a_public_key",
       [](const Sandbox& s) { overwrite(s.folder() / "wechatpay_public_key.pem", "hello"); }, 78,
       "/credentials/wechatpay_public_key_file"},
      {"bad_openid",
       [](const Sandbox& s) { overwrite(s.folder() / "watchlist.txt", "oGood\nnot an openid\n"); }, 78,
       "watchlist.txt:2"},
      {"empty_openid_file", [](const Sandbox& s) { overwrite(s.folder() / "watchlist.txt", "# nobody\n"); },
       78, "watchlist.txt: has no openid"},
      {"key_given_twice",
       [](const Sandbox& s) {
         const std::string text = boost::json::serialize(s.read_config());
         overwrite(s.config(), R"({"watchlist": [{"appid": "wx1", "openids": ["o1"]}],)" + text.substr(1));
       },
       78, "/watchlist: is given in line 1 and again in line 1"},
      {"malformed_listen", [](const Sandbox& s) { set(s, "http", "listen", "127.0.0.1"); }, 78,
       "/http/listen"},
      {"own_public_key",
       [](const Sandbox& s) {
         put_key(s, "test-only-private-key.pem", "brand_key.pem");
         put_key(s, "test-only-public-key.pem", "wechatpay_public_key.pem");
       },
       78, "wechatpay_public_key.pem: is the brand's own public key"},
      {"private_key_as_public",
       [](const Sandbox& s) { put_key(s, "test-only-private-key.pem", "wechatpay_public_key.pem"); }, 78,
       "found a private key (BEGIN PRIVATE KEY)"},
      {"certificate_as_public",
       [](const Sandbox& s) {
         overwrite(s.folder() / "wechatpay_public_key.pem",
                   "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
       },
       78, "/credentials/wechatpay_public_key_file"},
      {"no_ca_file", [](const Sandbox& s) { set(s, "api", "ca_file", "nowhere.pem"); }, 78, "nowhere.pem"},
      {"mirror_in_no_folder", [](const Sandbox& s) { set(s, "mirror", "path", "nowhere/mirror.db"); }, 74,
       "nowhere"},
      {"mirror_is_a_folder", [](const Sandbox& s) { set(s, "mirror", "path", "."); }, 74, "couponsyncd"},
      {"not_a_database", [](const Sandbox& s) { overwrite(s.mirror(), std::string(8192, 'x')); }, 65,
       "mirror.db"},
  };
  return setups;
}

class BadSetupTest : public E2eTest, public testing::WithParamInterface<BadSetup> {};

TEST_P(BadSetupTest, IsNamedWithItsExitCodeByCheckAndOnceAndRun) {
  start_sandbox({"--seed", "51", "--users", "3", "--coupons-max", "5"});
  GetParam().spoil(sandbox());
  for (const char* command : {"check", "once", "run"}) {
    const ProcessResult result = couponsyncd(command);
    EXPECT_EQ(result.exit_code, GetParam().exit_code) << command << ": " << result.out << result.err;
    EXPECT_NE((result.out + result.err).find(GetParam().message), std::string::npos)
        << command << ": " << result.out << result.err;
  }
  EXPECT_EQ(sandbox().requests(), 0);
}

INSTANTIATE_TEST_SUITE_P(Each, BadSetupTest, testing::ValuesIn(bad_setups()),
                         [](const auto& test) { return std::string(test.param.name); });

class Check : public E2eTest {};

TEST_F(Check, SaysWhatIsRightAndMakesOneRequestADomainOnline) {
  start_sandbox({"--seed", "52", "--users", "3", "--coupons-max", "5"});
  const ProcessResult offline = couponsyncd("check");
  EXPECT_EQ(offline.exit_code, 0) << offline.out << offline.err;
  EXPECT_EQ(sandbox().requests(), 0);
  EXPECT_FALSE(std::filesystem::exists(sandbox().mirror()));
  const ProcessResult online = couponsyncd("check", {"--online"});
  EXPECT_EQ(online.exit_code, 0) << online.out << online.err;
  EXPECT_EQ(sandbox().requests(), 2);
}

TEST_F(Check, DoubtsAnUnusualSerial) {
  start_sandbox({"--seed", "56", "--users", "3", "--coupons-max", "5"});
  EXPECT_EQ(couponsyncd("check").out.find("look "), std::string::npos);
  configure("credentials", "certificate_serial", "5157f09e");
  const ProcessResult check = couponsyncd("check");
  EXPECT_EQ(check.exit_code, 0) << check.out << check.err;
  EXPECT_NE(check.out.find("look    /credentials/certificate_serial"), std::string::npos) << check.out;
}

TEST_F(Check, WorksBesideTheRunningService) {
  start_sandbox({"--seed", "53", "--users", "3", "--coupons-max", "5"});
  auto service = start_couponsyncd("run");
  service->wait_for_err("done:");
  const ProcessResult check = couponsyncd("check", {"--online"});
  EXPECT_EQ(check.exit_code, 0) << check.out << check.err;
}

TEST_F(Check, AWrongBrandKeyIsRefusedByTheApi) {
  start_sandbox({"--seed", "54", "--users", "3", "--coupons-max", "5"});
  const Sandbox other(folder() / "other", {"--users", "1"});
  std::filesystem::copy_file(other.folder() / "brand_key.pem", sandbox().folder() / "brand_key.pem",
                             std::filesystem::copy_options::overwrite_existing);
  const ProcessResult check = couponsyncd("check", {"--online"});
  EXPECT_EQ(check.exit_code, 77) << check.out << check.err;
  EXPECT_EQ(couponsyncd("once").exit_code, 77);
}

TEST_F(Check, AWrongWechatPayKeyLetsNothingIn) {
  start_sandbox({"--seed", "55", "--users", "3", "--coupons-max", "5"});
  const Sandbox other(folder() / "other", {"--users", "1"});
  std::filesystem::copy_file(other.folder() / "wechatpay_public_key.pem",
                             sandbox().folder() / "wechatpay_public_key.pem",
                             std::filesystem::copy_options::overwrite_existing);
  const ProcessResult once = couponsyncd("once");
  EXPECT_EQ(once.exit_code, 75) << once.err;
  EXPECT_NE(once.err.find("SIGNATURE_WRONG"), std::string::npos) << once.err;
  EXPECT_EQ(query("SELECT count(*) FROM coupon"), "0");
}

}  // namespace
}  // namespace couponsync::test
