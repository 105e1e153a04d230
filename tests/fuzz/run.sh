#!/bin/sh
# Installs what is missing, builds the fuzz targets with clang and libFuzzer under ASan and UBSan, and
# runs each for a while, as many at a time as there are processors.
#
#   sh tests/fuzz/run.sh [SECONDS] [TARGET]...     60 s for each; all, or base64, check_url, …
#
# What a target has learned is kept in build/fuzz/corpus and used again. An input that breaks a promise
# is kept in build/fuzz/found, and FOUND run once more by: build/fuzz/fuzz_TARGET FOUND
set -eu
cd "$(dirname -- "$0")/../.."
build=build/fuzz

main() {
  seconds=60
  case "${1-}" in [0-9]*)
    seconds=$1
    shift
    ;;
  esac
  [ $# -gt 0 ] || set -- $(cd tests/fuzz && ls fuzz_*.cpp | sed 's/^fuzz_//; s/\.cpp$//')
  for target in "$@"; do
    [ -f "tests/fuzz/fuzz_$target.cpp" ] || fail "$target: there is no such target"
  done
  prepare "$@"
  mkdir -p $build/found
  printf '%s\n' "$@" | xargs -P "$(nproc)" -n 1 sh tests/fuzz/run.sh --one "$seconds" ||
    fail "a promise was broken; what broke it is in $build/found, what it said in $build/*.log"
}

prepare() {
  sh cmake/install_dependencies.sh library tests fuzz
  command -v clang++ >/dev/null || fail "there is no clang++; install clang and its libclang-rt-dev"
  cmake -G Ninja -S tests/fuzz -B $build -DCMAKE_CXX_COMPILER=clang++ -DCMAKE_BUILD_TYPE=None >/dev/null
  cmake --build $build --target $(printf 'fuzz_%s ' "$@")
  python3 tests/fuzz/seeds.py $build/seeds
}

# One target, until its time is over or it has found something.
run_one() {
  seconds=$1 target=$2
  mkdir -p $build/corpus/$target $build/seeds/$target
  dictionary=tests/fuzz/dictionaries/$target.txt
  [ ! -f $dictionary ] || dictionary=-dict=$dictionary
  [ "${dictionary#-}" != "$dictionary" ] || dictionary=
  log=$build/$target.log
  $build/fuzz_$target -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -max_len=4096 \
    -print_final_stats=1 -artifact_prefix=$build/found/$target- $dictionary \
    $build/corpus/$target $build/seeds/$target >$log 2>&1 || {
    tail -n 40 $log >&2
    say "$target has found something"
    return 1
  }
  say "$target: $(sed -n 's/^stat::number_of_executed_units: *//p' $log) inputs in $seconds s"
}

say() {
  echo "fuzz: $*" >&2
}

fail() {
  say "$*"
  exit 1
}

if [ "${1-}" = --one ]; then
  run_one "$2" "$3"
else
  main "$@"
fi
