#include "e2e/e2e_fixture.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <gmock/gmock.h>

#include <csignal>
#include <fstream>
#include <functional>
#include <iterator>

namespace couponsync::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

/// Openid files that change under the service.
class Watchlist : public E2eTest {
 protected:
  fs::path file() { return sandbox().folder() / "watchlist.txt"; }
  std::string read() {
    std::ifstream in(file());
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void write(const std::string& text) { std::ofstream(file(), std::ios::trunc) << text; }
  /// The first lines, the comment among them.
  std::string head(int lines) {
    const std::string all = read();
    std::size_t end = 0;
    for (int i = 0; i < lines; ++i) end = all.find('\n', end) + 1;
    return all.substr(0, end);
  }
  std::string watched() { return query("SELECT count(*) FROM listing WHERE watched = 1"); }
  void start() {
    service_ = start_couponsyncd("run", {}, {"RUNTIME_DIRECTORY=" + folder().string()});
    service_->wait_for_err("sync (start) done");
  }
  ProcessResult reload() {
    return run_process({COUPONSYNC_PROGRAM, "reload"}, folder(), {"RUNTIME_DIRECTORY=" + folder().string()});
  }
  void stop() {
    service_->signal(SIGTERM);
    EXPECT_EQ(service_->wait().exit_code, 0);
  }
  Process& service() { return *service_; }

 private:
  std::unique_ptr<Process> service_;
};

struct Spoiled {
  const char* name;
  std::function<void(const fs::path&, const std::string&)> spoil;
  const char* message;
};

void overwrite(const fs::path& file, const std::string& text) {
  std::ofstream(file, std::ios::trunc) << text;
}

const std::vector<Spoiled>& spoiled_files() {
  static const std::vector<Spoiled> files{
      {"Empty", [](const fs::path& file, const std::string&) { overwrite(file, ""); }, "has no openid"},
      {"OnlyAComment", [](const fs::path& file, const std::string&) { overwrite(file, "# nobody\n"); },
       "has no openid"},
      {"CutOff", [](const fs::path& file, const std::string& all) { overwrite(file, all.substr(0, 300)); },
       "openids that it gave are gone"},
      {"Gone", [](const fs::path& file, const std::string&) { fs::remove(file); }, "no such file"},
      {"AFolder",
       [](const fs::path& file, const std::string&) {
         fs::remove(file);
         fs::create_directory(file);
       },
       "is not a regular file"},
      {"ADeadLink",
       [](const fs::path& file, const std::string&) {
         fs::remove(file);
         fs::create_symlink("nowhere", file);
       },
       "cannot be read"},
      {"Zeros",
       [](const fs::path& file, const std::string& all) { overwrite(file, std::string(all.size(), '\0')); },
       ":1: there is a NUL byte"},
  };
  return files;
}

class SpoiledFile : public Watchlist, public testing::WithParamInterface<Spoiled> {};

TEST_P(SpoiledFile, AtAReloadIsRefusedAndNobodyIsUnwatched) {
  start_sandbox({"--seed", "101", "--users", "60", "--coupons-max", "3"});
  boost::json::object config = sandbox().read_config();
  config["watchlist"].as_array()[0].as_object()["openids"] = {"oByHand"};
  sandbox().write_config(config);
  start();
  const std::string all = read();
  GetParam().spoil(file(), all);
  const ProcessResult refused = reload();
  EXPECT_EQ(refused.exit_code, 78) << refused.out;
  EXPECT_THAT(refused.err, HasSubstr("the old one stays in force: /watchlist/0/openid_files/0: "));
  EXPECT_THAT(refused.err, HasSubstr("watchlist.txt"));
  EXPECT_THAT(refused.err, HasSubstr(GetParam().message));
  service().wait_for_err("sync (sighup) done");
  EXPECT_EQ(watched(), "61");
  fs::remove(file());
  write(all);
  EXPECT_EQ(reload().exit_code, 0);
  stop();
}

INSTANTIATE_TEST_SUITE_P(Each, SpoiledFile, testing::ValuesIn(spoiled_files()),
                         [](const auto& test) { return std::string(test.param.name); });

TEST_F(Watchlist, ShrinksAsFarAsTheConfigurationSays) {
  start_sandbox({"--seed", "102", "--users", "60", "--coupons-max", "3"});
  boost::json::object config = sandbox().read_config();
  config["watchlist"].as_array()[0].as_object()["openids"] = {"oByHand"};
  sandbox().write_config(config);
  start();
  const std::string all = read();
  write("");
  EXPECT_EQ(reload().exit_code, 78);
  configure("sync", "max_watchlist_shrink", 1);
  const ProcessResult allowed = reload();
  EXPECT_EQ(allowed.exit_code, 0) << allowed.err;
  EXPECT_THAT(allowed.out, HasSubstr("0 openids added, 60 removed"));
  service().wait_for_err("sync (sighup) of 1 listings begins");
  EXPECT_EQ(watched(), "1");
  write(all);
  EXPECT_EQ(reload().exit_code, 0);
  stop();
}

TEST_F(Watchlist, ShrinksByAFewWithoutAWord) {
  start_sandbox({"--seed", "103", "--users", "5", "--coupons-max", "3"});
  start();
  write(head(2));
  EXPECT_EQ(reload().exit_code, 0);
  service().wait_for_err("sync (sighup) done");
  EXPECT_EQ(watched(), "1");
  stop();
}

TEST_F(Watchlist, ThatShrankWhileNothingRanIsToldLoudly) {
  start_sandbox({"--seed", "104", "--users", "60", "--coupons-max", "3"});
  start();
  stop();
  EXPECT_THAT(service().err(), Not(HasSubstr("the mirror watched")));
  const std::string all = read();
  write(head(3));
  const ProcessResult shrunken = couponsyncd("once");
  EXPECT_EQ(shrunken.exit_code, 0);
  EXPECT_THAT(shrunken.err, HasSubstr("error    the mirror watched 60 listings, and the watchlist has 2: "));
  write(all);
  EXPECT_EQ(couponsyncd("once").exit_code, 0);
  expect_mirror_equals_sandbox();
  write("");
  EXPECT_EQ(couponsyncd("run").exit_code, 78);
}

class StrangeFolder : public Watchlist, public testing::WithParamInterface<const char*> {};

TEST_P(StrangeFolder, OfTheConfigurationIsNoPattern) {
  start_sandbox({"--seed", "105", "--users", "5", "--coupons-max", "10"});
  const fs::path strange = folder() / GetParam();
  fs::create_directories(strange);
  boost::json::object config = sandbox().read_config();
  config["watchlist"].as_array()[0].as_object()["openid_files"] = {"members*.txt"};
  config["api"].as_object()["ca_file"] = (sandbox().folder() / "ca.pem").string();
  for (const char* key : {"private_key_file", "wechatpay_public_key_file", "api_v3_key_file"}) {
    boost::json::value& path = config["credentials"].as_object()[key];
    path = (sandbox().folder() / std::string(path.as_string())).string();
  }
  std::ofstream(strange / "couponsyncd.json") << boost::json::serialize(config);
  fs::copy_file(file(), strange / "members1.txt");
  const auto of = [&](const char* command) {
    return run_process({COUPONSYNC_PROGRAM, command, "--config", (strange / "couponsyncd.json").string()},
                       folder());
  };
  const ProcessResult once = of("once");
  EXPECT_EQ(once.exit_code, 0) << once.err;
  EXPECT_THAT(once.out, HasSubstr("5 of 5 read"));
  EXPECT_EQ(of("check").exit_code, 0);
  EXPECT_EQ(of("status").exit_code, 0);
  const ProcessResult status =
      run_process({COUPONSYNC_PROGRAM, "status", "--mirror", (strange / "mirror.db").string()}, folder());
  EXPECT_EQ(status.exit_code, 0) << status.err;
}

INSTANTIATE_TEST_SUITE_P(Each, StrangeFolder,
                         testing::Values("[brand]", "week[1]", "*", "what?", "back\\slash", "{a,b}", "~",
                                         "50%41#?x=y"),
                         [](const auto& test) { return "Number" + std::to_string(test.index); });

TEST_F(Watchlist, ANameThatSqliteWouldReadInItsOwnWayIsAFile) {
  for (const char* name : {":memory:", "file:mirror.db?mode=memory", "file:m.db", ""}) {
    const ProcessResult status = run_process({COUPONSYNC_PROGRAM, "status", "--mirror", name}, folder());
    EXPECT_EQ(status.exit_code, *name == '\0' ? 64 : 1) << name << status.out << status.err;
  }
}

}  // namespace
}  // namespace couponsync::test
