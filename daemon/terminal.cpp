#include "terminal.h"

#include <unistd.h>

namespace couponsync::daemon {

bool stderr_is_terminal() { return isatty(STDERR_FILENO) == 1; }

}  // namespace couponsync::daemon
