#include "e2e/process.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <poll.h>
#include <spawn.h>
#include <stdexcept>
#include <string_view>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <system_error>
#include <thread>
#include <unistd.h>

extern char** environ;

namespace couponsync::test {
namespace {

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  for (std::string& string : strings) result.push_back(string.data());
  result.push_back(nullptr);
  return result;
}

void check(int error, const std::string& what) {
  if (error != 0) throw std::system_error(error, std::generic_category(), what);
}

bool handles(pid_t pid, int number) {
  constexpr std::string_view kField = "SigCgt:";
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with(kField))
      return (std::stoull(line.substr(kField.size()), nullptr, 16) >> (number - 1) & 1U) != 0;
  return false;
}

}  // namespace

Process::Process(const std::vector<std::string>& arguments, const std::filesystem::path& output_folder,
                 const std::vector<std::string>& environment) {
  static std::atomic<int> number = 0;
  const std::string name = std::to_string(++number);
  out_ = output_folder / ("process-" + name + ".out");
  err_ = output_folder / ("process-" + name + ".err");
  std::ofstream(out_).close();
  std::ofstream(err_).close();
  change_watch_ = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  for (const auto& file : {out_, err_})
    if (inotify_add_watch(change_watch_, file.c_str(), IN_MODIFY) < 0) check(errno, file.string());

  std::vector<std::string> argument_copy = arguments;
  std::vector<std::string> environment_copy = environment;
  for (char** variable = environ; *variable != nullptr; ++variable) environment_copy.emplace_back(*variable);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, out_.c_str(), O_WRONLY | O_APPEND, 0);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, err_.c_str(), O_WRONLY | O_APPEND, 0);
  // Whatever the test program's own parent made of the signals.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t set;
  sigfillset(&set);
  posix_spawnattr_setsigdefault(&attributes, &set);
  sigemptyset(&set);
  posix_spawnattr_setsigmask(&attributes, &set);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  const int error = posix_spawn(&pid_, arguments.at(0).c_str(), &actions, &attributes,
                                pointers(argument_copy).data(), pointers(environment_copy).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  check(error, arguments.at(0));
  exit_handle_ = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
  if (exit_handle_ < 0) check(errno, "pidfd_open");
}

Process::~Process() {
  if (!reaped_) {
    kill(pid_, SIGKILL);
    reap(0);
  }
  close(exit_handle_);
  close(change_watch_);
}

void Process::signal(int number) const {
  if (kill(pid_, number) != 0) check(errno, "kill");
}

bool Process::reap(int flags) {
  if (!reaped_) reaped_ = waitpid(pid_, &status_, flags) == pid_;
  return reaped_;
}

bool Process::running() { return !reap(WNOHANG); }

void Process::await_change(std::chrono::steady_clock::time_point deadline) {
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  if (left.count() <= 0) {
    signal(SIGKILL);
    reap(0);
    throw std::runtime_error("a process took too long; it said:\n" + out() + err());
  }
  std::array<pollfd, 2> handles{pollfd{exit_handle_, POLLIN, 0}, pollfd{change_watch_, POLLIN, 0}};
  if (poll(handles.data(), handles.size(), static_cast<int>(left.count())) < 0 && errno != EINTR)
    check(errno, "poll");
  std::array<char, 4096> events;
  while (read(change_watch_, events.data(), events.size()) > 0) {
  }
}

ProcessResult Process::wait(std::chrono::seconds at_most) {
  const auto deadline = std::chrono::steady_clock::now() + at_most;
  while (running()) await_change(deadline);
  const int code = WIFEXITED(status_) ? WEXITSTATUS(status_) : -WTERMSIG(status_);
  return {code, out(), err()};
}

std::string Process::out() const { return read_file(out_); }
std::string Process::err() const { return read_file(err_); }

void Process::wait_for_err(const std::string& text, std::chrono::seconds at_most) {
  const auto deadline = std::chrono::steady_clock::now() + at_most;
  for (;;) {
    const bool ended = !running();
    if (err().find(text) != std::string::npos) return;
    if (ended) throw std::runtime_error("a process ended without saying \"" + text + "\":\n" + out() + err());
    await_change(deadline);
  }
}

void Process::wait_until_handles(int number, std::chrono::seconds at_most) {
  const auto deadline = std::chrono::steady_clock::now() + at_most;
  while (!handles(pid_, number)) {
    if (!running()) throw std::runtime_error("it ended before it handled a signal:\n" + err());
    if (std::chrono::steady_clock::now() > deadline)
      throw std::runtime_error("it does not handle signal " + std::to_string(number));
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

std::string Process::first_line(std::chrono::seconds at_most) {
  const auto deadline = std::chrono::steady_clock::now() + at_most;
  for (;;) {
    const bool ended = !running();
    const std::string text = out();
    const auto end = text.find('\n');
    if (end != std::string::npos) return text.substr(0, end);
    if (ended) throw std::runtime_error("a process ended without a line on stdout:\n" + err());
    await_change(deadline);
  }
}

ProcessResult run_process(const std::vector<std::string>& arguments,
                          const std::filesystem::path& output_folder,
                          const std::vector<std::string>& environment) {
  return Process(arguments, output_folder, environment).wait();
}

}  // namespace couponsync::test
