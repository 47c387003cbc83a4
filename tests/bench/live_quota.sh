#!/bin/bash
# The real program against the sandbox's quota, from a cold start and then warm: how much of the quota it used from the
# first call to the last, and how many of its calls were refused.
#
#   tests/bench/live_quota.sh [BUILD_FOLDER]
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
build=${1:-$root/build/release}
quota=50
work=$(mktemp -d)
sandbox_pid=
trap 'kill "$sandbox_pid" 2>/dev/null || true; rm -rf "$work"' EXIT

run() {
  "$build/daemon/couponsyncd" once --json --config "$work/couponsyncd.json" >"$work/summary.json" 2>/dev/null
  sqlite3 :memory: "WITH run AS (SELECT readfile('$work/summary.json') AS j)
    SELECT format('| %s | %s | %d | %.1f | %.1f | %.1f |', '$1', '$2', j ->> 'coupons_seen', j ->> 'seconds',
                  100.0 * ((j ->> 'requests') - (j ->> 'rate_limited')) / (j ->> 'seconds') / $quota,
                  100.0 * (j ->> 'rate_limited') / (j ->> 'requests')) FROM run"
}

echo "| quota of $quota a second | start | coupons | seconds | % of the quota | % refused |"
echo "|---|---|---|---|---|---|"
for kind in bucket second; do
  rm -rf "${work:?}"/*
  mkfifo "$work/ready"
  "$build/tests/sandbox/couponsyncd-sandbox" --directory "$work" --seed 7 --users 800 --coupons-total 20000 \
    --quota "$quota" --quota-kind "$kind" --latency-ms 40 >"$work/ready" &
  sandbox_pid=$!
  read -r _ <"$work/ready"
  run "$kind" cold
  run "$kind" warm
  kill "$sandbox_pid"
  wait "$sandbox_pid" || true
done
