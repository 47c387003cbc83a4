#!/bin/sh
# Installs what is missing, builds, and runs every test.
#   tests/run.sh                                  the release build
#   tests/run.sh --sanitize address,undefined     the same tests under AddressSanitizer and UndefinedBehaviorSanitizer
#   tests/run.sh --sanitize thread                the same tests under ThreadSanitizer
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
sanitizers=""
while [ $# -gt 0 ]; do
  case "$1" in
    --sanitize)
      [ $# -ge 2 ] || { echo "usage: $0 [--sanitize address,undefined|thread]" >&2; exit 64; }
      sanitizers="$2"
      shift 2
      ;;
    *)
      echo "usage: $0 [--sanitize address,undefined|thread]" >&2
      exit 64
      ;;
  esac
done

"$root/systemd/packaging/install-packages.sh" --checks

if [ -n "$sanitizers" ]; then
  build="$root/build/sanitize-$(echo "$sanitizers" | tr ',' '-')"
  # The release build has shown that each file includes what it needs.
  set -- -DCMAKE_BUILD_TYPE=Debug "-DCOUPONSYNCD_SANITIZE=$sanitizers" -DCOUPONSYNCD_PRECOMPILED_HEADERS=ON
else
  build="$root/build/release"
  set -- -DCMAKE_BUILD_TYPE=Release
fi
cmake -S "$root" -B "$build" -G Ninja "$@"
cmake --build "$build"

export TSAN_OPTIONS="halt_on_error=1 second_deadlock_stack=1${TSAN_OPTIONS:+ $TSAN_OPTIONS}"
export UBSAN_OPTIONS="print_stacktrace=1${UBSAN_OPTIONS:+ $UBSAN_OPTIONS}"
ctest --test-dir "$build" --output-on-failure --parallel "$(nproc)" --output-junit "$build/tests.xml"
# A test that is skipped looks like one that passed.
if skipped=$(grep -o '<testcase name="[^"]*" [^>]*status="\(notrun\|disabled\)"' "$build/tests.xml"); then
  echo "These tests were skipped, and none may be:" >&2
  echo "$skipped" | sed 's/<testcase name="\([^"]*\)".*/  \1/' >&2
  exit 1
fi
