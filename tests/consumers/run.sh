#!/bin/sh
# Builds hookline as hosts do and runs a program against each: installed and found by CMake and by
# pkg-config, static and shared, and as a subdirectory.
#
#   run.sh <source folder of hookline> <scratch folder> <static|shared|subdirectory>
set -eu
source=$1
scratch=$2
kind=$3
consumers=$source/tests/consumers
export CMAKE_GENERATOR=Ninja CMAKE_BUILD_TYPE=Debug

rm -rf "$scratch"
mkdir -p "$scratch"
cd "$scratch"

build() { # <name> <source> <options…>
  name=$1
  from=$2
  shift 2
  cmake -S "$from" -B "$name" "$@" >"$name.log" 2>&1 && cmake --build "$name" >>"$name.log" 2>&1 ||
    { cat "$name.log"; exit 1; }
}

if [ "$kind" = subdirectory ]; then
  build consumer "$consumers/add_subdirectory" -DCMAKE_UNITY_BUILD=ON -DHOOKLINE_SOURCE_DIR="$source"
  ./consumer/consumer
  exit
fi

shared=OFF
[ "$kind" = static ] || shared=ON
prefix=$scratch/prefix
build hookline "$source" -DCMAKE_UNITY_BUILD=ON -DBUILD_SHARED_LIBS=$shared -DHOOKLINE_BUILD_TESTS=OFF \
  -DHOOKLINE_BUILD_EXAMPLES=OFF -DCMAKE_INSTALL_PREFIX="$prefix" -DCMAKE_INSTALL_LIBDIR=lib
cmake --install hookline >install.log

build consumer "$consumers/find_package" -DCMAKE_PREFIX_PATH="$prefix"
./consumer/consumer

export PKG_CONFIG_PATH="$prefix/lib/pkgconfig"
# shellcheck disable=SC2046 # the flags are words
${CXX:-c++} -std=c++17 -fno-exceptions "$consumers/main.cpp" -o pkg_config_consumer \
  $(pkg-config --cflags --libs hookline)
LD_LIBRARY_PATH="$prefix/lib" ./pkg_config_consumer

if [ "$kind" = shared ]; then
  # Only what is meant for hosts is exported: nothing of `detail` and nothing of a dependency.
  if nm -DC --defined-only "$prefix"/lib/libhookline.so | grep -E ' [TWV] (hookline::detail|rapidjson|fmt)::'; then
    echo "libhookline.so exports what is its own business" >&2
    exit 1
  fi
fi
