#!/bin/bash
# The metrics are as promtool wants them. The dashboard and the alert rules: their expressions are valid, the alerts fire when they should and only then, and whatever
# metric they name is really served by a couponsyncd that runs against the sandbox.
#   tests/e2e/monitoring_test.sh [BUILD_FOLDER]     by default build/release
# Exits 77 where there is no promtool (Debian package prometheus) or no curl.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
build=${1:-$root/build/release}
rules=$root/config/prometheus-alerts.yml
dashboard=$root/config/grafana-dashboard.json

skip() { echo "skipped: $*" >&2; exit 77; }
fail() { echo "FAILED: $*" >&2; exit 1; }
for program in promtool curl; do
  command -v "$program" >/dev/null || skip "there is no $program here"
done
[ -x "$build/daemon/couponsyncd" ] || skip "there is no couponsyncd in $build"

work=$(mktemp -d)
sandbox_pid=""
service_pid=""
clean_up() {
  trap - EXIT
  [ -z "$service_pid" ] || kill "$service_pid" 2>/dev/null || true
  [ -z "$sandbox_pid" ] || kill "$sandbox_pid" 2>/dev/null || true
  wait 2>/dev/null || true
  rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Each expression of the dashboard becomes a rule, with Grafana's variables replaced by what they may stand for.
# shellcheck disable=SC2016
dashboard_expressions() {
  sed -n 's/^ *"expr": \(".*"\),*$/\1/p' "$dashboard" |
    sed -e 's/\$__rate_interval/5m/g' -e 's/\$job/.*/g' -e 's/\$instance/.*/g'
}
{
  printf 'groups:\n  - name: dashboard\n    rules:\n'
  dashboard_expressions | sed 's/^/      - record: dashboard\n        expr: /'
} >"$work/dashboard.yml"
# promtool calls rules of one name duplicates, which is none of its business here.
promtool check rules --lint=none "$rules" "$work/dashboard.yml" >"$work/out" 2>&1 || fail "$(cat "$work/out")"

cat >"$work/test.yml" <<YAML
rule_files: [$rules]
evaluation_interval: 1m
tests:
  - name: a service that is well alerts nobody
    interval: 1m
    input_series:
      - {series: 'up{job="couponsyncd", instance="a"}', values: '1x120'}
      - {series: 'couponsyncd_sending_stopped{job="couponsyncd", instance="a"}', values: '0x120'}
      - {series: 'couponsyncd_writing_stopped{job="couponsyncd", instance="a"}', values: '0x120'}
      - {series: 'couponsyncd_checkpoint_failing{job="couponsyncd", instance="a"}', values: '0x120'}
      - {series: 'couponsyncd_staleness_seconds{job="couponsyncd", instance="a", quantile="1"}', values: '900x120'}
      - {series: 'couponsyncd_listings{job="couponsyncd", instance="a", health="fresh"}', values: '1000x120'}
      - {series: 'couponsyncd_listings{job="couponsyncd", instance="a", health="failing"}', values: '1x120'}
      - {series: 'couponsyncd_rate_limited_total{job="couponsyncd", instance="a"}', values: '0+1x120'}
      - {series: 'couponsyncd_calls_total{job="couponsyncd", instance="a", outcome="ok"}', values: '0+100x120'}
      - {series: 'couponsyncd_last_complete_sync_timestamp_seconds{job="couponsyncd", instance="a"}', values: '0x120'}
    alert_rule_test:
      - {eval_time: 2h, alertname: CouponsyncdDown}
      - {eval_time: 2h, alertname: CouponsyncdSendingStopped}
      - {eval_time: 2h, alertname: CouponsyncdWritingStopped}
      - {eval_time: 2h, alertname: CouponsyncdCheckpointFailing}
      - {eval_time: 2h, alertname: CouponsyncdStale}
      - {eval_time: 2h, alertname: CouponsyncdListingsFailing}
      - {eval_time: 2h, alertname: CouponsyncdMostlyRefused}
      - {eval_time: 2h, alertname: CouponsyncdNoCompleteSync}
YAML
promtool test rules "$work/test.yml" >"$work/out" 2>&1 || fail "$(cat "$work/out")"

# Everything goes wrong at once: every alert whose series are there fires.
cat >"$work/fires.yml" <<YAML
rule_files: [$work/fired.yml]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
      - {series: 'up{job="couponsyncd", instance="a"}', values: '0x3000'}
      - {series: 'couponsyncd_sending_stopped{job="couponsyncd", instance="a"}', values: '1x3000'}
      - {series: 'couponsyncd_sending_paused{job="couponsyncd", instance="a", reason="too_fast"}', values: '1x3000'}
      - {series: 'couponsyncd_writing_stopped{job="couponsyncd", instance="a"}', values: '1x3000'}
      - {series: 'couponsyncd_checkpoint_failing{job="couponsyncd", instance="a"}', values: '1x3000'}
      - {series: 'couponsyncd_staleness_seconds{job="couponsyncd", instance="a", quantile="1"}', values: '9000x3000'}
      - {series: 'couponsyncd_listings{job="couponsyncd", instance="a", health="failing"}', values: '20x3000'}
      - {series: 'couponsyncd_listings{job="couponsyncd", instance="a", health="never_complete"}', values: '1x3000'}
      - {series: 'couponsyncd_rate_limited_total{job="couponsyncd", instance="a"}', values: '0+50x3000'}
      - {series: 'couponsyncd_calls_total{job="couponsyncd", instance="a", outcome="ok"}', values: '0+100x3000'}
      - {series: 'couponsyncd_last_complete_sync_timestamp_seconds{job="couponsyncd", instance="a"}', values: '60x3000'}
      - {series: 'couponsyncd_signature_failures_total{job="couponsyncd", instance="a", kind="wrong"}', values: '0+1x3000'}
      - {series: 'couponsyncd_domain_avoided{job="couponsyncd", instance="a", domain="primary"}', values: '1x3000'}
      - {series: 'couponsyncd_wal_bytes{job="couponsyncd", instance="a"}', values: '2000000000x3000'}
    promql_expr_test:
      - expr: count by (alertname) (ALERTS{alertstate="firing"})
        eval_time: 2900m
        exp_samples:
YAML
cp "$rules" "$work/fired.yml"
sed -n 's/^ *- alert: //p' "$rules" | while read -r alert; do
  printf "          - {labels: '{alertname=\"%s\"}', value: 1}\n" "$alert"
done >>"$work/fires.yml"
promtool test rules "$work/fires.yml" >"$work/out" 2>&1 || fail "$(cat "$work/out")"

mkfifo "$work/ready"
"$build/tests/sandbox/couponsyncd-sandbox" --directory "$work/sandbox" --users 5 --exit-with-parent >"$work/ready" &
sandbox_pid=$!
read -r _ <"$work/ready" || fail "the sandbox did not start"
sed -i "s#^{#{\"http\":{\"listen\":\"unix:$work/http\"},#" "$work/sandbox/couponsyncd.json"
"$build/daemon/couponsyncd" run --config "$work/sandbox/couponsyncd.json" 2>"$work/log" &
service_pid=$!
for _ in $(seq 100); do
  curl -sf --unix-socket "$work/http" http://couponsyncd/metrics >"$work/metrics" && break
  kill -0 "$service_pid" 2>/dev/null || fail "$(cat "$work/log")"
  sleep 0.1 # between two looks
done
[ -s "$work/metrics" ] || fail "no metrics are served: $(tail -n 3 "$work/log")"
promtool check metrics <"$work/metrics" >"$work/out" 2>&1 || fail "$(cat "$work/out")"
for metric in $( (dashboard_expressions && grep 'expr:' "$rules") | grep -o 'couponsyncd_[a-z_]*' | sort -u); do
  grep -q "^${metric}[ {]" "$work/metrics" || fail "$metric is not served"
done
echo "passed: $(grep -c . <(dashboard_expressions)) expressions of the dashboard, $(grep -c 'alert:' "$rules") alerts"
