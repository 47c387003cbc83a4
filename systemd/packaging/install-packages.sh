#!/bin/sh
# Installs whatever the list for this release of Debian names and this machine lacks; does nothing, and needs no root, if it
# lacks none.
#   install-packages.sh [--checks]     with what only the checks need, the last part of the list
set -eu

last_part="/^# Checks/,\$d"
[ "${1:-}" != --checks ] || last_part=""

release=$(sed -n 's/^VERSION_ID="*\([0-9]*\).*/\1/p' /etc/os-release)
list="$(dirname "$0")/packages-debian-$release.txt"
if [ ! -f "$list" ]; then
  echo "There is no $(basename "$list"): this is built on Debian 12 and 13. Install what packages-debian-13.txt names." >&2
  exit 1
fi
missing=""
# shellcheck disable=SC2013  # the list is words
for package in $(sed -e "$last_part" -e 's/#.*//' "$list"); do
  state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$state" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then
  as_root=""
elif command -v sudo >/dev/null; then
  as_root="sudo"
else
  echo "These packages are missing and this is neither root nor a machine with sudo:$missing" >&2
  exit 1
fi

echo "Installing$missing" >&2
export DEBIAN_FRONTEND=noninteractive
# The package lists may be old or absent; a mirror that is out of reach may still have all that is needed in its cache.
$as_root apt-get update -q >&2 || echo "apt-get update failed, trying with the package lists at hand" >&2
# shellcheck disable=SC2086  # the list is words
$as_root apt-get install -q -y --no-install-recommends $missing >&2
