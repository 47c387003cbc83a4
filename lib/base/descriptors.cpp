#include "base/descriptors.h"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace couponsync {

bool is_descriptor_shortage(int error) { return error == EMFILE || error == ENFILE; }

bool no_descriptor_is_left() {
  const int probe = open("/", O_PATH | O_CLOEXEC);
  if (probe < 0) return is_descriptor_shortage(errno);
  close(probe);
  return false;
}

}  // namespace couponsync
