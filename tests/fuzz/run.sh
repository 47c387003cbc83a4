#!/bin/sh
# Builds the fuzzers and runs each for a while; what they find beyond the corpora in the tree stays in build/fuzz.
#   tests/fuzz/run.sh                   each for a minute
#   tests/fuzz/run.sh --seconds N       each for N seconds
#   tests/fuzz/run.sh --only NAME       one of them
#   tests/fuzz/run.sh -jN               N at a time
# Fails if one of them finds something, and says how to replay it.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
build="$root/build/fuzz"
seconds=60
jobs=1
only=""
built=no

usage() {
  echo "usage: $0 [--seconds N] [--only NAME] [-jN]; NAME is one of:" $(cd "$here/corpus" && ls) >&2
  exit 64
}

while [ $# -gt 0 ]; do
  case "$1" in
    --seconds) [ $# -ge 2 ] || usage; seconds=$2; shift ;;
    --only) [ $# -ge 2 ] && [ -d "$here/corpus/$2" ] || usage; only=$2; shift ;;
    -j[1-9]*) jobs=${1#-j} ;;
    --built) built=yes ;; # by this script, for the runs it starts
    *) usage ;;
  esac
  shift
done

build_fuzzers() {
  "$root/systemd/packaging/install-packages.sh"
  cmake -S "$root" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_COMPILER=clang++ -DCOUPONSYNCD_FUZZ=ON
  # In the fuzzers' folder, "all" is the fuzzers alone.
  cmake --build "$build" --target tests/fuzz/all
}

# Runs one fuzzer; its work goes on where the last run left off.
fuzz() {
  name=$1
  mkdir -p "$build/corpus/$name" "$build/findings" "$build/log"
  log="$build/log/$name.log"
  set -- -max_total_time="$seconds" -max_len=16384 -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 -verbosity=1 \
    -artifact_prefix="$build/findings/$name-" "$build/corpus/$name" "$here/corpus/$name"
  [ ! -f "$here/$name.dict" ] || set -- -dict="$here/$name.dict" "$@"
  if nice -n 10 "$build/tests/fuzz/${name}_fuzz" "$@" >"$log" 2>&1; then
    echo "$name: nothing found;" "$(grep -o 'cov: [0-9]* ft: [0-9]* corp: [0-9]*' "$log" | tail -n 1);" \
      "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log") executions in $seconds s"
    return 0
  fi
  grep -E '^broken promise|ERROR|SUMMARY|runtime error' "$log" >&2 || tail -n 20 "$log" >&2
  found=$(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)
  echo "$name: FOUND something; $log tells, and this replays it:" >&2
  echo "  $build/tests/fuzz/${name}_fuzz ${found:-$here/corpus/$name/*}" >&2
  return 1
}

export UBSAN_OPTIONS="print_stacktrace=1${UBSAN_OPTIONS:+ $UBSAN_OPTIONS}"
[ ! -w /dev/shm ] || export TMPDIR=/dev/shm # for those that write files
[ "$built" = yes ] || build_fuzzers
if [ -n "$only" ]; then
  fuzz "$only"
else
  ls "$here/corpus" | xargs -P "$jobs" -I NAME "$0" --built --seconds "$seconds" --only NAME
fi
