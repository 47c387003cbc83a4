#!/bin/sh
# Which lines of lib no test runs: prints them by file, and fails if fewer than 95 % run. Of the daemon it tells the share alone.
#   tests/coverage.sh [BUILD_FOLDER]     by default build/coverage
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
build=${1:-$root/build/coverage}

"$root/systemd/packaging/install-packages.sh" --checks
cmake -S "$root" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCOUPONSYNCD_COVERAGE=ON
cmake --build "$build"
find "$build" -name '*.gcda' -delete
ctest --test-dir "$build" --output-on-failure --parallel "$(nproc)" --exclude-regex '^lint'

report() { # FOLDER [OPTION...]
  folder=$1
  shift
  gcovr --root "$root" --object-directory "$build" --filter "$folder/" --exclude-unreachable-branches --print-summary "$@"
}
cd "$root"
report daemon --output /dev/null | sed -n 's/^lines: /daemon: /p'
report lib --fail-under-line 95
