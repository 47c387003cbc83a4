#include "store/memory_fault.h"

#include <sqlite3.h>

#include <stdexcept>

namespace couponsync {
namespace {

thread_local std::int64_t left = 0;  ///< allocations until the one that fails; 0: none does
thread_local bool has_struck = false;
sqlite3_mem_methods real;

bool strikes() {
  if (left == 0 || --left > 0) return false;
  has_struck = true;
  return true;
}

void* faulty_malloc(int size) { return strikes() ? nullptr : real.xMalloc(size); }
void* faulty_realloc(void* memory, int size) { return strikes() ? nullptr : real.xRealloc(memory, size); }

/// SQLite takes its allocator before it is used for the first time.
const bool is_installed = [] {
  if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real) != SQLITE_OK) return false;
  sqlite3_mem_methods faulty = real;
  faulty.xMalloc = faulty_malloc;
  faulty.xRealloc = faulty_realloc;
  return sqlite3_config(SQLITE_CONFIG_MALLOC, &faulty) == SQLITE_OK;
}();

}  // namespace

MemoryFault::MemoryFault(std::int64_t nth) {
  if (!is_installed) throw std::logic_error("SQLite was used before its allocator could be replaced");
  left = nth;
  has_struck = false;
}

MemoryFault::~MemoryFault() { left = 0; }

bool MemoryFault::struck() const { return has_struck; }

}  // namespace couponsync
