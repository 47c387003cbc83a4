#!/bin/sh
# Every source is as clang-format would have it.
set -eu
cd "$1"
find lib daemon tests -name '*.h' -o -name '*.cpp' | sort | xargs clang-format --dry-run --Werror
