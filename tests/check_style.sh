#!/bin/sh
# Fails if code is not formatted as .clang-format says or clang-tidy finds something.
#
#   sh tests/check_style.sh           several files at a time, as CI does it
#   sh tests/check_style.sh thorough  file by file: takes minutes, but clang's analyzer, which follows
#                                     paths in the main file alone, then sees all of them
set -eu
cd "$(dirname -- "$0")/.."

find include src tests examples -name '*.cpp' -o -name '*.hpp' | sort |
  xargs clang-format --dry-run --Werror

tidy() {
  xargs -P "$(nproc)" -n 1 clang-tidy --quiet -p build/tidy "$@" 2>/dev/null
}

if [ "${1-}" = thorough ]; then
  cmake --preset tidy -DCMAKE_UNITY_BUILD=OFF >/dev/null
  find src -name '*.cpp' | sort | tidy
else
  cmake --preset tidy -DCMAKE_UNITY_BUILD=ON >/dev/null
  find build/tidy/src -name 'unity_*.cxx' | sort | tidy --checks=-bugprone-suspicious-include
fi
