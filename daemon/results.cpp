#include "results.h"

#include "exit_code.h"
#include "logging.h"
#include "standard_streams.h"

#include <cerrno>
#include <string>
#include <system_error>
#include <unistd.h>

namespace couponsync::daemon {
namespace {

/// What became of stdout so far.
struct Results {
  bool printed = false;
  int error = 0;  ///< errno of the first write that failed
};

Results& results() {
  static Results only;
  return only;
}

/// Some file systems tell only here that there was no room.
int error_of_closing() {
  const int twin = dup(STDOUT_FILENO);
  if (twin < 0) return errno;
  return close(twin) == 0 || errno == EINTR ? 0 : errno;
}

}  // namespace

void print(std::string_view text) {
  Results& all = results();
  all.printed = all.printed || !text.empty();
  if (all.error == 0) all.error = write_to(STDOUT_FILENO, text, kForever).error;
}

int finish_results(int exit_code) {
  Results& all = results();
  if (all.printed && all.error == 0) all.error = error_of_closing();
  if (all.error == 0) return exit_code;
  complain("the results could not be written: " + std::generic_category().message(all.error));
  const bool graver = exit_code != kExitOk && exit_code != kExitUnhealthy && exit_code != kExitIncomplete;
  return graver ? exit_code : kExitOutputUnwritable;
}

}  // namespace couponsync::daemon
