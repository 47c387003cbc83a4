#include "e2e/e2e_fixture.h"

#include <SQLiteCpp/Column.h>
#include <SQLiteCpp/Database.h>
#include <boost/json/string.hpp>

#include <algorithm>
#include <array>
#include <csignal>
#include <fcntl.h>
#include <grp.h>
#include <stdexcept>
#include <string_view>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace couponsync::test {
namespace {

constexpr gid_t kReadersGroup = 54'322;
constexpr uid_t kAnalyst = 54'321;

/// A process that opens the mirror, asks, and closes it, again and again, as a user who may do no more than
/// read it. It tells of each answer by a byte, and of a failure in words.
class Analyst {
 public:
  Analyst(std::filesystem::path mirror, gid_t group) : mirror_(std::move(mirror)) {
    if (pipe2(reports_.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    process_ = fork();
    if (process_ == 0) read_for_ever(group);
    close(reports_[1]);
  }
  Analyst(const Analyst&) = delete;
  Analyst& operator=(const Analyst&) = delete;
  ~Analyst() {
    kill(process_, SIGKILL);
    waitpid(process_, nullptr, 0);
    close(reports_[0]);
  }

  /// Waits for an answer that was not asked for before now; gives the failure if there was one.
  std::string answer_from_now_on() {
    int waiting = 0;
    ioctl(reports_[0], FIONREAD, &waiting);
    // What waits was answered before; the next may have been under way.
    for (int awaited = waiting + 2; awaited > 0;) {
      std::array<char, 512> text{};
      const ssize_t size = read(reports_[0], text.data(), std::min<std::size_t>(text.size(), awaited));
      const std::string_view told(text.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
      if (told.empty()) return "the reader ended";
      const std::size_t failure = told.find_first_not_of(kAnswer);
      if (failure != std::string_view::npos) return std::string(told.substr(failure));
      awaited -= static_cast<int>(told.size());
    }
    return "";
  }

 private:
  static constexpr char kAnswer = '\n';

  [[noreturn]] void read_for_ever(gid_t group) {
    try {
      if (geteuid() == 0 && (setgroups(0, nullptr) != 0 || setgid(group) != 0 || setuid(kAnalyst) != 0))
        throw std::runtime_error("cannot become another user");
      for (std::int64_t last = 0;;) {
        SQLite::Database database(mirror_.string(), SQLite::OPEN_READONLY, 5'000);
        const std::int64_t coupons = database.execAndGet("SELECT count(*) FROM v_coupon").getInt64();
        if (coupons < last) throw std::runtime_error("coupons went away");
        last = coupons;
        report(std::string(1, kAnswer));
      }
    } catch (const std::exception& error) {
      report(error.what());
    }
    _exit(1);
  }
  void report(const std::string& text) const {
    if (write(reports_[1], text.data(), text.size()) < 0) _exit(2);
  }
  std::filesystem::path mirror_;
  std::array<int, 2> reports_{};
  pid_t process_ = -1;
};

class Reader : public E2eTest {
 protected:
  /// A folder as the service's own is: its readers' group may look into it, and may not write.
  void share_mirror() {
    ASSERT_EQ(chmod(folder().c_str(), 0755), 0);
    shared = folder() / "state";
    std::filesystem::create_directory(shared);
    group = geteuid() == 0 ? kReadersGroup : getegid();
    ASSERT_EQ(chown(shared.c_str(), geteuid(), group), 0);
    ASSERT_EQ(chmod(shared.c_str(), 02750), 0);
    configure("mirror", "path", boost::json::string((shared / "mirror.db").string()));
  }

  std::filesystem::path shared;
  gid_t group = 0;
};

TEST_F(Reader, AsAnotherUserIsNeverDisturbedByASyncACheckpointAStopOrAKill) {
  start_sandbox({"--seed", "71", "--users", "60", "--coupons-max", "130", "--latency-ms", "5"});
  share_mirror();
  auto service = start_couponsyncd("run");
  sandbox().wait_for_requests(20);
  Analyst analyst(shared / "mirror.db", group);
  EXPECT_EQ(analyst.answer_from_now_on(), "") << "during a sync";
  service->wait_for_err("done:");
  EXPECT_EQ(analyst.answer_from_now_on(), "") << "after a sync, which ends with a checkpoint";
  service->signal(SIGTERM);
  EXPECT_EQ(service->wait().exit_code, 0);
  EXPECT_EQ(analyst.answer_from_now_on(), "") << "after a clean stop";

  const std::int64_t before = sandbox().requests();
  auto killed = start_couponsyncd("once");
  sandbox().wait_for_requests(before + 30);
  EXPECT_EQ(analyst.answer_from_now_on(), "") << "during another sync";
  killed->signal(SIGKILL);
  killed->wait();
  EXPECT_EQ(analyst.answer_from_now_on(), "") << "after a kill";
  once();
  EXPECT_EQ(analyst.answer_from_now_on(), "") << "after the sync that went on";
}

}  // namespace
}  // namespace couponsync::test
