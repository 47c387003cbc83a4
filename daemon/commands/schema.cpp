#include "commands/commands.h"
#include "exit_code.h"
#include "store/mirror.h"

#include <iostream>

namespace couponsync::daemon {

int print_schema() {
  std::cout << schema_ddl() << std::flush;
  return kExitOk;
}

}  // namespace couponsync::daemon
