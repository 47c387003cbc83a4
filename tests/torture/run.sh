#!/bin/sh
# Runs everything in this folder, as root: [SEED=N] tests/torture/run.sh [--build BUILD | --service FILE --sandbox FILE]
# SEED is that of the kills (a random one by default; it is printed).
# Exit code 1 if anything failed or was skipped.
set -u
here=$(cd "$(dirname "$0")" && pwd)
failed=0
"$here/noticed.py" "$@" || failed=1
"$here/kills.py" --kills 500 ${SEED:+--seed "$SEED"} "$@" || failed=1
"$here/limits.py" "$@" || failed=1
"$here/replies.py" "$@" || failed=1
exit $failed
