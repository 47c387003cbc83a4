#!/bin/bash
# The Debian package under a real systemd: installs it into a bare Debian that systemd-nspawn boots, and has an instance live
# there with the sandbox as its API. Waits for conditions and never just sleeps.
#   tests/e2e/package_test.sh [FOLDER]     with the packages of systemd/packaging/build-package.sh, by default build/package
# Exits 77 where it cannot run, and says why. Needs root, systemd-container, mmdebstrap and a Debian mirror.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
packages=${1:-$root/build/package}

skip() { echo "skipped: $*" >&2; exit 77; }
[ "$(id -u)" = 0 ] || skip "this needs root"
for program in systemd-nspawn mmdebstrap nsenter script dpkg-deb; do
  command -v "$program" >/dev/null || skip "there is no $program here"
done
package=$(find "$packages" -name 'couponsyncd_*.deb' 2>/dev/null | head -n 1)
sandbox=$(find "$packages" -name 'couponsyncd-sandbox_*.deb' 2>/dev/null | head -n 1)
if [ -z "$package" ] || [ -z "$sandbox" ]; then
  skip "there are no packages in $packages: systemd/packaging/build-package.sh builds them"
fi

work=$(mktemp -d)
tree=$work/tree
leader=""
console=""
brand=120344
unit=couponsyncd@$brand.service
mirror=/var/lib/couponsyncd/$brand/mirror.db
config=/etc/couponsyncd/$brand.json

say() { printf '\n== %s\n' "$*"; }
fail() { # WHAT
  echo "FAILED: $*" >&2
  [ -z "$leader" ] || inside journalctl --no-pager -n 60 -u "$unit" >&2 || true
  exit 1
}
inside() { nsenter -t "$leader" -m -u -i -n -p -w "$@"; }
analyst() { inside runuser -u analyst -- "$@"; }

eventually() { # SECONDS COMMAND...
  local deadline=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$deadline" ] || return 1
    sleep 0.1 # between two looks at the condition
  done
}
expect_soon() { eventually "$1" "${@:2}" || fail "not within $1 s: ${*:2}"; }
same() { [ "$1" = "$2" ] || fail "${3:-found}: '$1' where '$2' was expected"; }
contains() { case $1 in *"$2"*) ;; *) fail "'$2' is not in: $1" ;; esac; }

property() { inside systemctl show -P "$1" "$unit"; }
has() { [ "$(property "$1")" = "$2" ]; }
journal() { inside journalctl --no-pager -o cat -u "$unit"; }
said() { journal | grep -c -- "$1" || true; } # how often
query() { analyst sqlite3 -cmd '.timeout 5000' "file:$mirror?mode=ro" "$1"; }
gives() { [ "$(query "$1")" = "$2" ]; }

# One request to the sandbox's control port, and the body of the answer.
control() { # METHOD PATH [BODY]
  # shellcheck disable=SC2016  # it is the inner shell that expands
  inside bash -c '
    port=$(sed -E "s/.*\"control\":\"http:..127.0.0.1:([0-9]+).*/\1/" /srv/sandbox/sandbox.json)
    exec 5<>"/dev/tcp/127.0.0.1/$port"
    printf "%s %s HTTP/1.0\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" \
      "$1" "$2" "${#3}" "$3" >&5
    sed "1,/^\r*$/d" <&5' control "$1" "$2" "${3:-}"
}
requests() { control GET /stats | sed -E 's/.*"requests":([0-9]+).*/\1/'; }
hold_after() { control POST /gate "{\"after_requests\":$1}" >/dev/null; }
let_all_go() { control POST /gate '{"open":true}' >/dev/null; }

clean_up() {
  local status=$?
  trap - EXIT INT TERM
  if [ -n "$console" ]; then
    local nspawn
    nspawn=$(pgrep -P "$console" || true)
    [ -z "$nspawn" ] || kill -TERM "$nspawn" 2>/dev/null || true
    eventually 20 has_ended "$console" || [ -z "$nspawn" ] || kill -KILL "$nspawn" 2>/dev/null || true
    wait "$console" 2>/dev/null || true
  fi
  rm -rf --one-file-system "$work"
  exit "$status"
}
has_ended() { ! kill -0 "$1" 2>/dev/null; }
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

find_leader() {
  local nspawn
  nspawn=$(pgrep -P "$console") && leader=$(pgrep -P "$nspawn" -x systemd)
}
booted() { inside systemctl is-system-running | grep -qE 'running|degraded'; }

boot() {
  local suite needed
  case $(dpkg-deb -f "$package" Version) in
    *~deb12u*) suite=bookworm ;;
    *~deb13u*) suite=trixie ;;
    *) suite=unstable ;;
  esac
  needed=$( (dpkg-deb -f "$package" Depends && dpkg-deb -f "$sandbox" Depends) | tr ',' '\n' | sed -E 's/^ +//; s/[ |].*//' |
    sort -u | paste -s -d ,)
  mmdebstrap -q --variant=minbase --include="systemd-sysv,dbus,sqlite3,$needed" "$suite" "$tree" ||
    skip "mmdebstrap cannot make a bare Debian $suite here"
  cp "$package" "$tree/root/couponsyncd.deb"
  cp "$sandbox" "$tree/root/sandbox.deb"
  script -qfc "systemd-nspawn -q -D '$tree' -b --register=no --keep-unit --link-journal=no --private-network" \
    "$work/console" </dev/null >/dev/null 2>&1 &
  console=$!
  eventually 30 find_leader || { tail -n 20 "$work/console" >&2; fail "systemd-nspawn did not boot"; }
  find_leader
  expect_soon 60 booted
}

# --- The tests, in the order in which an operator meets these things.

installs_without_starting_anything() {
  inside dpkg -i /root/sandbox.deb /root/couponsyncd.deb >"$work/dpkg" 2>&1 || fail "$(cat "$work/dpkg")"
  same "$(inside systemctl list-units -q --all --plain 'couponsyncd@*')" "" "units"
  contains "$(inside id couponsyncd)" "(couponsyncd)"
  inside getent group couponsyncd-readers >/dev/null || fail "there is no group couponsyncd-readers"
  inside systemd-analyze verify --man=no "$unit" || fail "systemd-analyze verify objects"
  inside systemd-analyze security --no-pager --offline=yes --threshold=12 "$(unit_file)" >"$work/security" ||
    fail "$(cat "$work/security")"
  tail -n 1 "$work/security"
}
unit_file() { inside systemctl show -P FragmentPath "$unit"; }

gives_up_at_once_where_no_restart_helps() {
  inside systemctl start couponsyncd@nobody 2>/dev/null && fail "it started without keys"
  same "$(inside systemctl show -P ExecMainStatus couponsyncd@nobody)" 243 "exit status without keys"
  same "$(inside systemctl is-active couponsyncd@nobody)" failed "state without keys"
  inside install -D -m 0600 /dev/null /etc/couponsyncd/nobody/brand_key.pem
  inside install -m 0600 /dev/null /etc/couponsyncd/nobody/wechatpay_public_key.pem
  inside systemctl start couponsyncd@nobody 2>/dev/null && fail "it started without a configuration"
  same "$(inside systemctl show -P ExecMainStatus couponsyncd@nobody)" 78 "exit status without a configuration"
  same "$(inside systemctl is-active couponsyncd@nobody)" failed "state without a configuration"
  same "$(inside systemctl show -P NRestarts couponsyncd@nobody)" 0 "restarts"
}

starts() {
  inside useradd --groups couponsyncd-readers analyst
  inside systemd-run -q --unit=sandbox couponsyncd-sandbox --directory /srv/sandbox --seed 3 --users 20 --coupons-total 4000
  expect_soon 20 inside test -s /srv/sandbox/sandbox.json
  inside install -d -m 0750 -g couponsyncd "/etc/couponsyncd/$brand"
  inside install -m 0600 /srv/sandbox/brand_key.pem /srv/sandbox/wechatpay_public_key.pem "/etc/couponsyncd/$brand/"
  inside install -m 0640 -g couponsyncd /srv/sandbox/ca.pem "/etc/couponsyncd/$brand/"
  # The example, edited as a person would: this brand's, and the sandbox's addresses.
  local primary backup
  primary=$(sed -E 's/.*"primary":"([^"]+)".*/\1/' "$tree/srv/sandbox/sandbox.json")
  backup=$(sed -E 's/.*"backup":"([^"]+)".*/\1/' "$tree/srv/sandbox/sandbox.json")
  sed -E -e "s/BRAND/$brand/g" \
    -e "s#^}\$#  \"api\": {\"primary\": \"$primary\", \"backup\": \"$backup\", \"ca_file\": \"$brand/ca.pem\"},\n  \"sync\": {\"concurrency\": 4},\n}#" \
    "$tree/etc/couponsyncd/example.json" >"$work/config"
  put_config
  # All users but the last, who joins later.
  head -n -1 "$tree/srv/sandbox/watchlist.txt" >"$tree/root/members.txt"
  inside install -m 0640 -g couponsyncd /root/members.txt "/etc/couponsyncd/$brand/"
  late=$(tail -n 1 "$tree/srv/sandbox/watchlist.txt")
  # Nobody wants to wait for a minute here; the rest is as installed.
  mkdir -p "$tree/run/systemd/system"
  printf '[Service]\nWatchdogSec=8\nRestartSec=1\n' >"$work/drop-in"
  inside install -D -m 0644 /dev/stdin "/etc/systemd/system/couponsyncd@.service.d/test.conf" <"$work/drop-in"
  inside systemctl daemon-reload
  inside systemctl enable -q "$unit"
  inside systemctl start "$unit" || fail "it did not start"
  expect_soon 60 gives "SELECT count(*) FROM listing WHERE last_completed_at IS NULL" 0
  expect_soon 10 status_contains "19 of 19 listings fresh"
  expect_soon 10 status_contains "last sync: 19 of 19 listings read"
  inside systemctl status --no-pager -n 4 "$unit"
  inside env CREDENTIALS_DIRECTORY="/etc/couponsyncd/$brand" couponsyncd check --online --config "$config" >/dev/null ||
    fail "check finds something wrong"
}
put_config() { inside install -m 0640 -g couponsyncd /dev/stdin "$config" <"$work/config"; }
status_contains() { inside systemctl status --no-pager "$unit" | grep -F -- "$1"; }

lets_readers_read_and_nobody_else() {
  same "$(inside stat -c '%a %U %G' "/var/lib/couponsyncd/$brand")" "750 couponsyncd couponsyncd-readers" "state folder"
  same "$(inside stat -c '%a %U %G' "$mirror")" "640 couponsyncd couponsyncd-readers" "mirror"
  [ "$(query 'SELECT count(*) FROM v_coupon')" -gt 1000 ] || fail "there are few coupons"
  contains "$(analyst couponsyncd status --mirror "$mirror")" "19 watched"
  if analyst sqlite3 "$mirror" "DELETE FROM coupon" 2>/dev/null; then fail "a reader can write"; fi
  if inside runuser -u nobody -- sqlite3 "file:$mirror?mode=ro" "SELECT 1 FROM coupon" 2>/dev/null; then
    fail "anybody can read the mirror"
  fi
  if inside runuser -u analyst -- cat "/etc/couponsyncd/$brand/members.txt" >/dev/null 2>&1; then
    fail "a reader can read the watchlist"
  fi
}

reloads_a_longer_watchlist() {
  echo "$late" >>"$tree/etc/couponsyncd/$brand/members.txt"
  inside systemctl reload "$unit" || fail "reload failed"
  same "$(said 'configuration reloaded: 1 openids added, 0 removed (1 listings added, 0 removed); everything')" 1 "reloads when systemctl returned"
  expect_soon 30 gives "SELECT count(*) FROM listing WHERE openid = '$late' AND last_completed_at IS NOT NULL" 1
}

returns_from_reload_when_it_is_done() {
  local round before reloading
  for round in $(seq 20); do
    before=$(said 'everything is synced next')
    inside systemctl reload "$unit" || fail "reload $round failed"
    same "$(said 'everything is synced next')" $((before + 1)) "reloads when systemctl returned, round $round"
  done
  # A service that cannot answer yet: systemctl waits.
  before=$(said 'everything is synced next')
  inside systemctl kill --kill-whom=main -s STOP "$unit"
  inside systemctl reload "$unit" &
  reloading=$!
  expect_soon 6 has ActiveState reloading
  kill -0 "$reloading" 2>/dev/null || fail "systemctl returned before the reload was done"
  inside systemctl kill --kill-whom=main -s CONT "$unit"
  wait "$reloading" || fail "reload failed"
  same "$(said 'everything is synced next')" $((before + 1)) "reloads when systemctl returned"
}

refuses_to_reload_a_broken_configuration() {
  local pid
  pid=$(property MainPID)
  cp "$work/config" "$work/good"
  sed -i 's/"concurrency": 4/"concurrency": "four"/' "$work/config"
  put_config
  if inside systemctl reload "$unit" 2>/dev/null; then fail "a broken configuration was reloaded"; fi
  contains "$(journal | tail -n 8)" "/sync/concurrency"
  has ActiveState active || fail "it is $(property ActiveState) after a refused reload"
  same "$(property MainPID)" "$pid" "process after a refused reload"
  cp "$work/good" "$work/config"
  put_config
  inside systemctl reload "$unit" || fail "reload failed after the configuration was mended"
}

stops_within_five_seconds_in_the_middle_of_a_sync() {
  local begun took coupons
  coupons=$(query "SELECT count(*) FROM coupon")
  hold_after 5
  inside systemctl reload "$unit"
  control GET '/wait?held=1&timeout_ms=20000' >/dev/null
  begun=$(date +%s%N)
  inside systemctl stop "$unit"
  took=$((($(date +%s%N) - begun) / 1000000))
  [ "$took" -le 5000 ] || fail "stopping took $took ms"
  has Result success || fail "it ended with $(property Result)"
  same "$(query 'SELECT count(*) FROM coupon')" "$coupons" "coupons a reader sees after the stop"
  contains "$(analyst couponsyncd status --mirror "$mirror" || true)" "20 watched"
  let_all_go
  inside systemctl start "$unit" || fail "it did not start again"
  expect_soon 30 gives "SELECT count(*) FROM listing WHERE next_page_token IS NOT NULL" 0
}

resumes_after_kill_9() {
  local restarts half_read first
  restarts=$(property NRestarts)
  hold_after 40
  inside systemctl reload "$unit"
  control GET '/wait?held=1&timeout_ms=20000' >/dev/null
  expect_soon 10 gives "SELECT count(*) > 0 FROM listing WHERE next_page_token IS NOT NULL AND pages_done > 0" 1
  half_read=$(query "SELECT openid FROM listing WHERE next_page_token IS NOT NULL AND pages_done > 0 LIMIT 1")
  inside systemctl kill --kill-whom=main -s KILL "$unit"
  local asked
  asked=$(requests)
  let_all_go
  expect_soon 20 restarted_since "$restarts"
  expect_soon 30 gives "SELECT count(*) FROM listing WHERE next_page_token IS NOT NULL" 0
  # The kill may leave requests behind that the sandbox held; what came after is the new process's.
  first=$(control GET "/log?after=$asked" | tr '{' '\n' | grep -F "$half_read" | head -n 1 | sed -E 's/.*"page":([0-9]+).*/\1/')
  [ "${first:-1}" -gt 1 ] || fail "it began again at page ${first:-none} of a half-read listing"
  same "$(query 'PRAGMA integrity_check')" ok "the mirror after kill -9"
}
restarted_since() { [ "$(property NRestarts)" -gt "$1" ] && has ActiveState active; }

is_restarted_by_the_watchdog() {
  local restarts
  restarts=$(property NRestarts)
  inside systemctl kill --kill-whom=main -s STOP "$unit"
  expect_soon 60 restarted_since "$restarts"
  contains "$(journal)" "Watchdog timeout"
}

upgrades_and_keeps_what_was_edited() {
  local pid
  pid=$(property MainPID)
  echo "// edited by the administrator" >>"$tree/etc/couponsyncd/example.json"
  dpkg-deb -R "$package" "$work/newer"
  sed -i -E 's/^(Version: .*)/\1+test/' "$work/newer/DEBIAN/control"
  dpkg-deb -b "$work/newer" "$tree/root/newer.deb" >/dev/null
  inside dpkg -i /root/newer.deb >"$work/dpkg" 2>&1 || fail "$(cat "$work/dpkg")"
  contains "$(inside dpkg-query -W couponsyncd)" "+test"
  contains "$(inside tail -n 1 /etc/couponsyncd/example.json)" "edited by the administrator"
  expect_soon 20 has ActiveState active
  [ "$(property MainPID)" != "$pid" ] || fail "the old program still runs after the upgrade"
}

keeps_data_when_removed_and_deletes_it_when_purged() {
  local coupons
  coupons=$(query "SELECT count(*) FROM coupon")
  inside dpkg -r couponsyncd >"$work/dpkg" 2>&1 || fail "$(cat "$work/dpkg")"
  if inside pgrep -x couponsyncd >/dev/null; then fail "it runs on after the removal"; fi
  same "$(query 'SELECT count(*) FROM coupon')" "$coupons" "coupons after the removal"
  inside dpkg -i /root/newer.deb >"$work/dpkg" 2>&1 || fail "$(cat "$work/dpkg")"
  inside systemctl start "$unit" || fail "it did not start after it was installed again"
  same "$(query 'SELECT count(*) FROM coupon')" "$coupons" "coupons after it was installed again"
  inside dpkg -P couponsyncd >"$work/dpkg" 2>&1 || fail "$(cat "$work/dpkg")"
  if inside test -e /var/lib/couponsyncd; then fail "a mirror is left after the purge"; fi
  if inside test -e /etc/couponsyncd/example.json; then fail "the example is left after the purge"; fi
  inside test -e "/etc/couponsyncd/$brand/brand_key.pem" || fail "the purge took the administrator's keys"
}

say "a bare Debian boots"
boot
for test in installs_without_starting_anything gives_up_at_once_where_no_restart_helps starts \
  lets_readers_read_and_nobody_else reloads_a_longer_watchlist returns_from_reload_when_it_is_done \
  refuses_to_reload_a_broken_configuration stops_within_five_seconds_in_the_middle_of_a_sync resumes_after_kill_9 \
  is_restarted_by_the_watchdog upgrades_and_keeps_what_was_edited keeps_data_when_removed_and_deletes_it_when_purged; do
  say "it ${test//_/ }"
  "$test"
done
say "passed"
