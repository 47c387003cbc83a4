#include "signals.h"

#include "exit_code.h"

#include <csignal>
#include <initializer_list>
#include <pthread.h>
#include <unistd.h>
#include <utility>

namespace couponsync::daemon {
namespace {

sigset_t set_of(std::initializer_list<int> numbers) {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : numbers) sigaddset(&set, number);
  return set;
}

void let_through() {
  const sigset_t handled = set_of({SIGTERM, SIGINT, SIGHUP});
  pthread_sigmask(SIG_UNBLOCK, &handled, nullptr);
}

volatile std::sig_atomic_t exit_code_at_once = 0;

bool is_ignored(int number) {
  struct sigaction now{};
  return sigaction(number, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;
}

std::string_view name_of(int number) {
  switch (number) {
    case SIGTERM:
      return "SIGTERM";
    case SIGINT:
      return "SIGINT";
    default:
      return "SIGHUP";
  }
}

/// SQLite maps the log's index into memory, and a file system that cannot take a write to a mapped page
/// (btrfs without room, a file made immutable) has no other way to say so.
void end_for_want_of_the_index(int /*number*/) {
  constexpr std::string_view kWhy =
      "couponsyncd: the mirror's file -shm cannot be written (SIGBUS): make room on its file system, and see"
      " that the file is not immutable; all that was committed is kept\n";
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, kWhy.data(), kWhy.size());
  _exit(kExitMirrorUnwritable);
}

}  // namespace

void take_over_signals() {
  for (const int number : {SIGPIPE, SIGXFSZ, SIGUSR1, SIGUSR2}) std::signal(number, SIG_IGN);
  std::signal(SIGBUS, end_for_want_of_the_index);
  let_through();
}

void hold_hang_ups() {
  const sigset_t hang_up = set_of({SIGHUP});
  pthread_sigmask(SIG_BLOCK, &hang_up, nullptr);
}

void end_at_once_with(int exit_code) {
  exit_code_at_once = exit_code;
  for (const int number : {SIGTERM, SIGINT})
    if (!is_ignored(number)) std::signal(number, [](int) { _exit(exit_code_at_once); });
}

Signals::Signals(boost::asio::io_context& context, Handlers handlers)
    : handlers_(std::move(handlers)), stop_(context), hang_up_(context) {
  handle(SIGTERM, stop_);
  handle(SIGINT, stop_);
  handle(SIGHUP, handlers_.hang_up ? hang_up_ : stop_);
  await_stop();
  if (handlers_.hang_up) await_hang_up();
  let_through();
}

void Signals::handle(int number, boost::asio::signal_set& by) {
  if (is_ignored(number))
    ignored_.push_back(name_of(number));
  else
    by.add(number);
}

void Signals::await_stop() {
  stop_.async_wait([this](const boost::system::error_code& error, int /*number*/) {
    if (error) return;
    stop_.clear();  // gives the signals back their default action
    handlers_.stop();
  });
}

void Signals::await_hang_up() {
  hang_up_.async_wait([this](const boost::system::error_code& error, int /*number*/) {
    if (error) return;
    await_hang_up();
    handlers_.hang_up();
  });
}

}  // namespace couponsync::daemon
