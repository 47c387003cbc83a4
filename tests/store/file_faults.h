#pragma once

#include <cstdint>
#include <functional>
#include <utility>

namespace couponsync {

/// What SQLite's calls of the operating system do while one of these lives: of the calls of one kind, the
/// n-th (or from then on every one) fails, or kills the process. Calls of other threads count, too.
class FileFault {
 public:
  enum class Call {
    read,
    write,
    checkpoint_write,  ///< one to the database itself: with a write-ahead log, only a checkpoint's
    sync,
    truncate,
    open,
  };

  /// Fails call number `nth`, counted from 1, with `error`.
  static FileFault at(Call call, std::int64_t nth, int error) { return {call, nth, error, false}; }
  /// Fails them all.
  static FileFault from_now_on(Call call, int error) { return {call, 1, error, true}; }
  /// Ends the process in the middle: before call number `nth`.
  static FileFault kill_at(Call call, std::int64_t nth) { return {call, nth, 0, false}; }
  /// Does that in the middle, before call number `nth`, which then goes on.
  static FileFault call_at(Call call, std::int64_t nth, std::function<void()> action) {
    return {call, nth, 0, false, std::move(action)};
  }
  /// Only counts.
  static FileFault none(Call call) { return {call, 0, 0, false}; }

  FileFault(const FileFault&) = delete;
  FileFault& operator=(const FileFault&) = delete;
  ~FileFault();

  /// Whether it came to the fault.
  bool struck() const;
  std::int64_t calls() const;

 private:
  FileFault(Call call, std::int64_t nth, int error, bool lasting, std::function<void()> action = {});
};

}  // namespace couponsync
