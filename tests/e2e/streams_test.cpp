#include "e2e/e2e_fixture.h"

#include <boost/json/parse.hpp>
#include <gmock/gmock.h>

#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

namespace couponsync::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

/// Results and logs where they cannot be written.
class Streams : public E2eTest {
 protected:
  /// `couponsyncd ARGUMENTS` with streams as a shell makes them.
  std::unique_ptr<Process> start(const std::string& arguments, const std::string& redirections) const {
    return std::make_unique<Process>(
        std::vector<std::string>{
            "/bin/sh", "-c", broken_pipe_ + " exec " COUPONSYNC_PROGRAM " " + arguments + " " + redirections},
        folder());
  }
  std::string with_config(const std::string& command) {
    return command + " --config " + sandbox().config().string();
  }
  /// From then on 4 is a pipe whose reader is gone.
  void make_broken_pipe() { broken_pipe_ = broken_pipe(); }

 private:
  std::string broken_pipe() const {
    const std::string pipe = (folder() / "pipe").string();
    return "mkfifo " + pipe + " && exec 3<>" + pipe + " && exec 4>" + pipe + " && exec 3>&- && rm " + pipe +
           " &&";
  }
  std::string broken_pipe_;
};

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

struct Unwritable {
  const char* name;
  const char* redirection;
  const char* reason;
};

class UnwrittenResults : public Streams, public testing::WithParamInterface<Unwritable> {};

TEST_P(UnwrittenResults, AreAnErrorOfEveryCommandAndSaidOnStderr) {
  start_sandbox({"--seed", "91", "--users", "3", "--coupons-max", "5"});
  once();
  if (std::string(GetParam().redirection) == ">&4") make_broken_pipe();
  for (const std::string& arguments :
       {with_config("once --json"), with_config("once"), with_config("status"), with_config("status --json"),
        with_config("check"), with_config("check --online"), std::string("schema"), std::string("--help"),
        std::string("--version"), std::string("once --help")}) {
    const ProcessResult result = start(arguments, GetParam().redirection)->wait();
    EXPECT_EQ(result.exit_code, 74) << arguments << ": " << result.err;
    EXPECT_THAT(result.err, HasSubstr(std::string("couponsyncd: the results could not be written: ") +
                                      GetParam().reason + "\n"))
        << arguments;
  }
  expect_mirror_equals_sandbox();
}

INSTANTIATE_TEST_SUITE_P(Where, UnwrittenResults,
                         testing::Values(Unwritable{"FullDisk", ">/dev/full", "No space left on device"},
                                         Unwritable{"Closed", ">&-", "Bad file descriptor"},
                                         Unwritable{"ReadOnly", "1</dev/null", "Bad file descriptor"},
                                         Unwritable{"AllClosed", "<&- >&-", "Bad file descriptor"},
                                         Unwritable{"BrokenPipe", ">&4", "Broken pipe"}),
                         [](const auto& test) { return std::string(test.param.name); });

TEST_F(Streams, AFileSizeLimitOnResultsIsAnErrorAndNotAKill) {
  const std::string out = (folder() / "out").string();
  const ProcessResult result =
      run_process({"/bin/sh", "-c", "ulimit -f 1; exec " COUPONSYNC_PROGRAM " schema >" + out}, folder());
  EXPECT_EQ(result.exit_code, 74) << result.err;
  EXPECT_THAT(result.err, HasSubstr("File too large"));
}

TEST_F(Streams, UnwrittenResultsTakeThePlaceOfUnreadListingsButNotOfWhatIsGraver) {
  start_sandbox({"--seed", "92", "--users", "3", "--coupons-max", "5"});
  sandbox().post("/faults", {{"fault", "not_found"}, {"count", 1}});
  EXPECT_EQ(start(with_config("once"), ">/dev/full")->wait().exit_code, 74);
  EXPECT_EQ(start("status --nonsense", ">/dev/full")->wait().exit_code, 64);
  EXPECT_EQ(start(with_config("status"), ">/dev/full")->wait().exit_code, 74)
      << "unhealthy, and nobody knows why";
  configure("sync", "concurrency", 0);
  EXPECT_EQ(start(with_config("check"), ">/dev/full")->wait().exit_code, 78);
}

TEST_F(Streams, NothingLandsInAnotherFileWhicheverAreClosed) {
  start_sandbox({"--seed", "93", "--users", "5", "--coupons-max", "60"});
  configure("log", "level", "trace");
  for (int mask = 1; mask < 8; ++mask) {
    std::string closed;
    if ((mask & 1) != 0) closed += " <&-";
    if ((mask & 2) != 0) closed += " >&-";
    if ((mask & 4) != 0) closed += " 2>&-";
    sandbox().post("/mutations", {{"op", "random"}, {"count", 20}});
    const ProcessResult result = start(with_config("once --json"), closed)->wait();
    EXPECT_EQ(result.exit_code, (mask & 2) != 0 ? 74 : 0) << closed << result.err;
    if ((mask & 2) == 0) {
      EXPECT_EQ(number(boost::json::parse(result.out).as_object(), "listings_ok"), 5) << closed;
    }
    expect_mirror_equals_sandbox();
    EXPECT_EQ(query("PRAGMA integrity_check"), "ok") << closed;
    for (const auto& entry : fs::directory_iterator(sandbox().folder()))
      if (entry.is_regular_file()) {
        EXPECT_THAT(read_file(entry.path()), Not(HasSubstr("sync (once)"))) << entry.path() << closed;
      }
  }
}

class ServiceWithoutStreams : public Streams, public testing::WithParamInterface<const char*> {};

TEST_P(ServiceWithoutStreams, GoesOn) {
  start_sandbox({"--seed", "94", "--users", "5", "--coupons-max", "60"});
  configure("log", "level", "trace");
  if (std::string(GetParam()).find("&4") != std::string::npos) make_broken_pipe();
  sandbox().post("/gate", {{"after_requests", 3}});
  auto service = start(with_config("run"), GetParam());
  sandbox().get("/wait?held=1&timeout_ms=60000");
  for (const char* stream : {"0", "1", "2"})
    EXPECT_TRUE(fs::exists(fs::path("/proc") / std::to_string(service->pid()) / "fd" / stream)) << stream;
  service->signal(SIGHUP);
  sandbox().post("/gate", {{"open", true}});
  sandbox().wait_for_requests(10);
  service->signal(SIGTERM);
  EXPECT_EQ(service->wait().exit_code, 0);
  EXPECT_EQ(once().at("listings_failed"), 0);
  expect_mirror_equals_sandbox();
}

INSTANTIATE_TEST_SUITE_P(Each, ServiceWithoutStreams,
                         testing::Values("2>/dev/full", "<&- >&- 2>&-", "2>&-", ">&4 2>&4", "<&-",
                                         ">/dev/full"),
                         [](const auto& test) { return "Number" + std::to_string(test.index); });

TEST_F(Streams, AReaderOfTheLogThatHangsDoesNotHoldUpTheReading) {
  start_sandbox({"--seed", "95", "--users", "150", "--coupons-max", "10"});
  configure("log", "level", "trace");
  const std::string pipe = (folder() / "log").string();
  const ProcessResult result =
      run_process({"/bin/sh", "-c",
                   "mkfifo " + pipe + " && exec 3<>" + pipe + " && exec " COUPONSYNC_PROGRAM " " +
                       with_config("once --json") + " 2>&3"},
                  folder());
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(number(boost::json::parse(result.out).as_object(), "listings_ok"), 150);
  expect_mirror_equals_sandbox();
}

/// A terminal of its own.
class Terminal {
 public:
  Terminal() : master_(posix_openpt(O_RDWR | O_NOCTTY)) {
    if (master_ < 0 || grantpt(master_) != 0 || unlockpt(master_) != 0)
      throw std::runtime_error("no terminal");
    name_ = ptsname(master_);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;
  ~Terminal() { hang_up(); }

  const std::string& name() const { return name_; }
  void hang_up() {
    if (master_ >= 0) close(master_);
    master_ = -1;
  }
  /// As Ctrl-S does.
  void hold() const {
    const int terminal = open(name_.c_str(), O_RDWR | O_NOCTTY);
    tcflow(terminal, TCOOFF);
    close(terminal);
  }
  void wait_for(const std::string& text) {
    std::string seen;
    while (seen.find(text) == std::string::npos) {
      pollfd ready{.fd = master_, .events = POLLIN, .revents = 0};
      if (poll(&ready, 1, 60'000) != 1) throw std::runtime_error("the terminal shows only: " + seen);
      std::array<char, 4'096> some{};
      const ssize_t size = read(master_, some.data(), some.size());
      if (size <= 0) throw std::runtime_error("the terminal is gone");
      seen.append(some.data(), static_cast<std::size_t>(size));
    }
  }

 private:
  int master_;
  std::string name_;
};

class OnATerminal : public Streams, public testing::WithParamInterface<bool> {};

TEST_P(OnATerminal, ThatGoesAwayOrIsHeldOnceReadsOn) {
  start_sandbox({"--seed", "96", "--users", "20", "--coupons-max", "60"});
  configure("log", "level", "trace");
  sandbox().post("/gate", {{"after_requests", 5}});
  Terminal terminal;
  auto process = start(with_config("once --json"), "2>" + terminal.name());
  terminal.wait_for("/20 listings");
  if (GetParam())
    terminal.hang_up();
  else
    terminal.hold();
  sandbox().post("/gate", {{"open", true}});
  const ProcessResult result = process->wait();
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(number(boost::json::parse(result.out).as_object(), "listings_ok"), 20);
  expect_mirror_equals_sandbox();
}

INSTANTIATE_TEST_SUITE_P(Of, OnATerminal, testing::Bool(),
                         [](const auto& test) { return test.param ? "GoneAway" : "Held"; });

}  // namespace
}  // namespace couponsync::test
