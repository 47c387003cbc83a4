#!/bin/bash
# Shows the main job on a stand-in for WeChat Pay's API, on this machine alone: installs what is missing, builds, starts the
# sandbox with fresh keys on loopback, mirrors a few hundred users' coupons through a quota and an outage of the primary
# domain, and looks at the result as an analyst would. Leaves the mirror behind, and nothing else.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
build="$root/build/release"
result="$root/build/demo"

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }

# One request to the sandbox's control port; bash alone, so that nothing more needs to be installed.
control() { # METHOD PATH [BODY]
  local body="${3:-}"
  exec 5<>"/dev/tcp/127.0.0.1/$control_port"
  printf '%s %s HTTP/1.0\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s' \
    "$1" "$2" "${#body}" "$body" >&5
  cat <&5
  exec 5>&-
}

# The primary domain goes down when the job is under way, and comes back later on.
outage() {
  control GET '/wait?requests=60&timeout_ms=60000'
  control POST /faults '{"fault":"outage","domain":"primary"}'
  control GET '/wait?requests=220&timeout_ms=60000'
  control DELETE /faults
}

query() {
  printf '\n\033[2m$ sqlite3 %s "%s"\033[0m\n' "${result#"$root"/}/mirror.db" "$1"
  sqlite3 -readonly -header -column "$result/mirror.db" "$1"
}

clean_up() {
  trap - EXIT
  [ -z "${outage_pid:-}" ] || kill "$outage_pid" 2>/dev/null || true
  [ -z "${sandbox_pid:-}" ] || kill "$sandbox_pid" 2>/dev/null || true
  wait 2>/dev/null || true
  [ -z "${work:-}" ] || rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

say "Building couponsyncd"
"$root/systemd/packaging/install-packages.sh"
cmake -S "$root" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release >/dev/null
cmake --build "$build" --target couponsyncd couponsyncd-sandbox
couponsyncd=$(find "$build/daemon" -name couponsyncd -type f -perm -u+x)
sandbox=$(find "$build/tests/sandbox" -name couponsyncd-sandbox -type f -perm -u+x)

say "Starting the sandbox: 300 users, about 10,000 coupons, 60 requests a second allowed"
work=$(mktemp -d)
mkfifo "$work/ready"
"$sandbox" --directory "$work/sandbox" --seed 7 --users 300 --coupons-total 10000 --edition both \
  --quota 60 --quota-kind second --latency-ms 20 --exit-with-parent >"$work/ready" &
sandbox_pid=$!
read -r ready <"$work/ready" || { echo "the sandbox did not start" >&2; exit 1; }
control_port=$(sed -E 's/.*"control":"http:\/\/127\.0\.0\.1:([0-9]+).*/\1/' <<<"$ready")

say "couponsyncd check --online"
"$couponsyncd" check --online --config "$work/sandbox/couponsyncd.json"

say "couponsyncd once (the primary domain goes down on the way)"
outage >/dev/null 2>&1 &
outage_pid=$!
"$couponsyncd" once --config "$work/sandbox/couponsyncd.json"

say "And once more: nothing has changed, so no row is written"
"$couponsyncd" once --config "$work/sandbox/couponsyncd.json"

say "couponsyncd status"
"$couponsyncd" status --config "$work/sandbox/couponsyncd.json"

mkdir -p "$result"
rm -f "$result"/mirror.db*
sqlite3 -readonly "$work/sandbox/mirror.db" ".backup '$result/mirror.db'"

say "What is in the mirror"
query "SELECT coupon_state, count(*) AS coupons, count(DISTINCT openid) AS users FROM coupon GROUP BY 1 ORDER BY 2 DESC"
query "SELECT stock_id, product_name, received, effective, used, expired, redemption_rate, uses, fen_given_away FROM v_stock_funnel LIMIT 8"
query "SELECT trigger, listings_ok AS listings, pages, requests, rate_limited, failovers, inserted, unchanged, round(seconds, 1) AS seconds FROM sync_run"

say "The mirror is yours to look into: ${result#"$root"/}/mirror.db"
