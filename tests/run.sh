#!/bin/sh
# Installs what is missing, builds hookline with its examples and tests, and runs all of them.
#
#   sh tests/run.sh [PRESET] [CMAKE OPTION]...      release (the default), debug, asan, tsan, coverage
set -eu
cd "$(dirname -- "$0")/.."

preset=release
if [ $# -gt 0 ] && [ "${1#-}" = "$1" ]; then
  preset=$1
  shift
fi

sh cmake/install_dependencies.sh library examples tests checks
cmake --preset "$preset" "$@" >/dev/null
cmake --build --preset "$preset"
ctest --preset "$preset" -j "$(nproc)"
