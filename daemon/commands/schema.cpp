#include "commands/commands.h"
#include "exit_code.h"
#include "results.h"
#include "store/mirror.h"

namespace couponsync::daemon {

int print_schema() {
  print(schema_ddl());
  return kExitOk;
}

}  // namespace couponsync::daemon
