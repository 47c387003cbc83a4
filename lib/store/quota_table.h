#pragma once

#include "store/records.h"
#include "store/sql.h"

#include <optional>

namespace couponsync {

/// `learned_quota`, one row at most. Throws SQLite::Exception.
class QuotaTable {
 public:
  explicit QuotaTable(SQLite::Database& database);

  void keep(const LearnedQuota& quota);
  std::optional<LearnedQuota> get();

 private:
  Statement keep_;
  Statement get_;
};

}  // namespace couponsync
