#!/bin/sh
# Installs what is missing, builds the benchmarks and measures hookline against its baselines.
#
#   sh tests/bench/run.sh [--quick] [OPTION]... [SCENARIO]...     --help and --list tell more
#
# Everything is measured without --quick and SCENARIO; then the results and pictures that README.md
# shows are written anew. Otherwise they are in build/release/bench alone.
set -eu
cd "$(dirname -- "$0")/../.."

programs=build/release/tests/bench
results=build/release/bench

sh cmake/install_dependencies.sh library examples tests bench
cmake --preset release -DHOOKLINE_BUILD_BENCH=ON >/dev/null
cmake --build --preset release --target bench bench_micro

mkdir -p "$results"
work=$(mktemp -d "$PWD/$results/work.XXXXXX")
. tests/bench/nginx.sh
trap 'server_stop; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
server_start

"$programs/bench" --folder "$work" --ca-file "$work/ca.pem" --http "http://127.0.0.1:$http_port" \
  --https "https://127.0.0.1:$https_port" --json "$results/results.json" "$@"

steps='--benchmark_enable_random_interleaving=true --benchmark_report_aggregates_only=true'
case " $* " in
  *" --list "* | *" --help "*) exit ;;
  *" --quick "*) steps='--benchmark_filter=^(build|sign) --benchmark_min_time=0.01' ;;
  *) [ $# -eq 0 ] || exit 0 ; steps="$steps --benchmark_repetitions=5 --benchmark_min_time=0.2" ;;
esac
HOOKLINE_BENCH_FOLDER=$work "$programs/bench_micro" $steps --benchmark_out_format=json \
  --benchmark_out="$results/steps.json"
python3 tests/bench/draw.py "$results/results.json" "$results"
[ $# -gt 0 ] || cp "$results"/*.json "$results"/*.svg tests/bench/results/
