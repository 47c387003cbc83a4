#!/bin/bash
# What slow clients of http.listen cost the sync: the real service reads the sandbox as fast as it can, in turn without and with
# 100 clients that send or take a byte a second, and come again as soon as they are thrown out.
#
#   tests/bench/slow_clients.sh [BUILD_FOLDER] [ROUNDS]
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
build=${1:-$root/build/release}
rounds=${2:-15}
work=$(mktemp -d)
sandbox_pid=
service_pid=
clients_pid=
clean_up() {
  local pid
  for pid in $clients_pid $service_pid $sandbox_pid; do kill "$pid" 2>/dev/null || true; done
  wait
  rm -rf "$work"
}
trap clean_up EXIT

# Every second one asks and does not read the answer; the others never get to the end of their question.
slow_clients() { # PORT
  trap '' PIPE
  local clients=() i client question
  while :; do
    for ((i = 0; i < 100; ++i)); do
      client=${clients[i]:-}
      if [ -n "$client" ]; then
        if printf x >&"$client"; then continue; fi
        exec {client}>&-
      fi
      question='GET /metrics HTTP/1.1\r\nSlow: '
      [ $((i % 2)) = 0 ] || question='GET /metrics HTTP/1.1\r\n\r\n'
      clients[i]=
      if exec {client}<>"/dev/tcp/127.0.0.1/$1"; then
        clients[i]=$client
        # shellcheck disable=SC2059  # it is the format
        printf "$question" >&"$client" || true
      fi
    done
    sleep 1 # the clients' own pace
  done 2>/dev/null
}

next_run() { # the service says it on stderr, and the row is there then
  local line
  until read -r line <&"$log" && [[ $line == *"sync ("*") done"* ]]; do :; done
}
rate_of_last_run() {
  sqlite3 "file:$work/mirror.db?mode=ro" "SELECT round(requests / seconds) FROM sync_run ORDER BY id DESC LIMIT 1"
}

mkfifo "$work/ready" "$work/log"
"$build/tests/sandbox/couponsyncd-sandbox" --directory "$work" --seed 7 --users 2000 --coupons-total 40000 >"$work/ready" &
sandbox_pid=$!
read -r _ <"$work/ready"
port=$((20000 + RANDOM % 10000))
sed -i "s|^{|{\"http\":{\"listen\":\"127.0.0.1:$port\"},\"rate\":{\"max_requests_per_second\":100000,\"start_requests_per_second\":10000},|" \
  "$work/couponsyncd.json"
"$build/daemon/couponsyncd" run --config "$work/couponsyncd.json" 2>"$work/log" &
service_pid=$!
exec {log}<"$work/log"
next_run

ratios=()
echo "| round | requests a second alone | with 100 slow clients | ratio |"
echo "|---|---|---|---|"
for ((round = 1; round <= rounds; ++round)); do
  kill -HUP "$service_pid"
  next_run
  alone=$(rate_of_last_run)
  slow_clients "$port" &
  clients_pid=$!
  kill -HUP "$service_pid"
  next_run
  beside=$(rate_of_last_run)
  kill "$clients_pid"
  wait "$clients_pid" || true
  clients_pid=
  ratios+=("$(awk "BEGIN { printf \"%.2f\", $beside / $alone }")")
  printf '| %d | %.0f | %.0f | %s |\n' "$round" "$alone" "$beside" "${ratios[-1]}"
done
printf '%s\n' "${ratios[@]}" | sort -n | awk '{ ratio[NR] = $1 } END { print "median of the ratios: " ratio[int((NR + 1) / 2)] }'
