// The system's clock for files stands still for milliseconds, so MirrorGuard looks at a file again and again
// until its last change is 50 ms old, which here is never: a simulation's hours take less. Real time matters
// to nothing else in this program; so it is an hour ahead of the files, and once is enough.
#include <chrono>
#include <ctime>

std::chrono::system_clock::time_point std::chrono::system_clock::now() noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return time_point(std::chrono::hours(1) + std::chrono::seconds(now.tv_sec) +
                    std::chrono::nanoseconds(now.tv_nsec));
}
