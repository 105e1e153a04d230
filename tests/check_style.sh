#!/bin/sh
# Fails if code is not formatted as .clang-format says or clang-tidy finds something.
#
#   sh tests/check_style.sh BUILD_FOLDER      one that CMake has written compile_commands.json into
set -eu
build=$1
cd "$(dirname -- "$0")/.."

find include src tests examples -name '*.cpp' -o -name '*.hpp' | sort |
  xargs clang-format --dry-run --Werror
find src -name '*.cpp' | sort |
  xargs -P "$(nproc)" -n 1 clang-tidy --quiet -p "$build" 2>/dev/null
