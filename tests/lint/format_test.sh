#!/bin/sh
# Every source is as clang-format 19 would have it: Debian 13's own, and a package in Debian 12, where the default, 14, differs in
# details. One version everywhere, so that there is one truth. Exits 77 where it is missing.
set -eu
cd "$1"
for program in clang-format-19 clang-format; do
  case $("$program" --version 2>/dev/null || true) in
    *"version 19."*)
      find lib daemon tests -name '*.h' -o -name '*.cpp' | sort | xargs "$program" --dry-run --Werror
      exit 0
      ;;
  esac
done
echo "skipped: there is no clang-format 19 here" >&2
exit 77
