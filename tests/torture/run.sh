#!/bin/sh
# Runs everything in this folder, as root: tests/torture/run.sh [BUILD] [SEED]
# BUILD is the build folder (default: build/release), SEED that of the kills (default: a random one, which is printed).
# Exit code 1 if anything failed or was skipped.
set -u
here=$(cd "$(dirname "$0")" && pwd)
build=${1:-$here/../../build/release}
failed=0
"$here/kills.py" --build "$build" --kills 500 ${2:+--seed "$2"} || failed=1
"$here/limits.py" --build "$build" || failed=1
"$here/replies.py" --build "$build" || failed=1
exit $failed
