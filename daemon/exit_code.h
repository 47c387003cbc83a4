#pragma once

#include "base/failure.h"

namespace couponsync::daemon {

/// What the process tells its caller; the numbers are those of sysexits.h.
enum ExitCode : int {
  kExitOk = 0,
  kExitUnhealthy = 1,          ///< of `status`: some listings are stale or failing
  kExitUsage = 64,             ///< the command line
  kExitMirrorRefused = 65,     ///< the mirror is not ours, is newer than this program, or is damaged
  kExitDefect = 70,            ///< a defect of this program, or of the machine it runs on
  kExitMirrorUnwritable = 74,  ///< the mirror cannot be written, or its file went away
  kExitOutputUnwritable = 74,  ///< the results cannot
  kExitIncomplete = 75,        ///< some listings could not be completed, or another process has the mirror
  kExitRefused = 77,           ///< the API refused the credentials
  kExitConfiguration = 78,     ///< configuration, keys or watchlist
};

/// Of a failure that ends the process.
inline ExitCode exit_code_of(const Failure& failure) {
  switch (failure.kind) {
    case FailureKind::mirror_damaged:
      return kExitMirrorRefused;
    case FailureKind::mirror_unwritable:
    case FailureKind::mirror_gone:
      return kExitMirrorUnwritable;
    default:
      // A `once` gives up while no domain works.
      return failure.rule().remedy == Remedy::stop_sending ? kExitRefused : kExitIncomplete;
  }
}

}  // namespace couponsync::daemon
