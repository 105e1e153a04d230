#!/bin/sh
# Runs hookline for long under a mixed load (receivers that work, fail and hang) and fails if memory,
# descriptors, files or latency grow.
#
#   sh tests/bench/soak.sh [MINUTES]     30 unless told
set -eu
cd "$(dirname -- "$0")/../.."

results=build/release/bench
sh cmake/install_dependencies.sh library examples tests bench
cmake --preset release -DHOOKLINE_BUILD_BENCH=ON >/dev/null
cmake --build --preset release --target bench_soak

mkdir -p "$results"
work=$(mktemp -d "$PWD/$results/work.XXXXXX")
. tests/bench/nginx.sh
trap 'server_stop; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
server_start

code=0
build/release/tests/bench/bench_soak --minutes "${1:-30}" --folder "$work" \
  --http "http://127.0.0.1:$http_port" --json "$results/soak.json" || code=$?
python3 tests/bench/draw.py --soak "$results/soak.json" "$results"
exit $code
