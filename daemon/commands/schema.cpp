#include "store/schema.h"

#include "commands/commands.h"
#include "exit_code.h"
#include "results.h"

namespace couponsync::daemon {

int print_schema() {
  print(schema_ddl());
  return kExitOk;
}

}  // namespace couponsync::daemon
