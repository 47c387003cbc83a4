#pragma once

#include "base/failure.h"
#include "store/mirror_error.h"

#include <exception>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

/// Inside the store: what SQLite's errors mean to those outside.
namespace couponsync {

/// "mirror PATH: WHAT; ADVICE"
MirrorError mirror_error(MirrorError::Reason reason, const std::filesystem::path& path, std::string_view what,
                         std::string_view advice);

/// For a failed system call: `unwritable`, with errno's text.
MirrorError system_error(const std::filesystem::path& path, std::string_view what, int error);

/// Called in a catch block. Throws what the exception at hand means: for an SQLite::Exception a MirrorError,
/// or std::logic_error or std::bad_alloc where the cause is this program; any other exception goes on as it
/// is.
[[noreturn]] void rethrow_translated(const std::filesystem::path& path);

/// Runs `work` so that no SQLite::Exception leaves.
template <class Work>
decltype(auto) translated(const std::filesystem::path& path, Work&& work) {
  try {
    return std::forward<Work>(work)();
  } catch (...) {
    rethrow_translated(path);
  }
}

Failure to_failure(const MirrorError& error);

}  // namespace couponsync
