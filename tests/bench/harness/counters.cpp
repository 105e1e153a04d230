#include "harness/counters.hpp"

#include <sqlite3.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstddef>

// glibc's own, under the names that it keeps for programs that replace the usual ones.
extern "C" {
void* __libc_malloc(std::size_t size);                     // NOLINT
void* __libc_calloc(std::size_t count, std::size_t size);  // NOLINT
void* __libc_realloc(void* old, std::size_t size);         // NOLINT
}

namespace {

/// A counter of its own for each thread, so that counting makes no thread wait for another. When
/// there are more threads than places, some share one and a few counts are lost.
constexpr std::size_t kPlaces = 512;
struct alignas(64) Place {
  std::atomic<std::uint64_t> allocations{0};
};
std::array<Place, kPlaces> places;
std::atomic<std::size_t> next_place{0};
thread_local std::size_t own_place = kPlaces;
std::atomic<std::uint64_t> commits{0};
std::atomic<std::uint64_t> syncs{0};

void count_allocation() {
  if (own_place == kPlaces) own_place = next_place.fetch_add(1) % kPlaces;
  auto& counter = places[own_place].allocations;
  counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

int on_commit(void* /*unused*/) {
  commits.fetch_add(1, std::memory_order_relaxed);
  return 0;
}

int watch_commits(sqlite3* db, char** /*error*/, const sqlite3_api_routines* /*unused*/) {
  sqlite3_commit_hook(db, &on_commit, nullptr);
  return SQLITE_OK;
}

}  // namespace

extern "C" {

void* malloc(std::size_t size) {
  count_allocation();
  return __libc_malloc(size);
}

void* calloc(std::size_t count, std::size_t size) {
  count_allocation();
  return __libc_calloc(count, size);
}

void* realloc(void* old, std::size_t size) {
  count_allocation();
  return __libc_realloc(old, size);
}

int fdatasync(int file) {
  syncs.fetch_add(1, std::memory_order_relaxed);
  return static_cast<int>(::syscall(SYS_fdatasync, file));
}
}

namespace hookline::bench {

Counts counts_so_far() {
  Counts counts;
  for (const Place& place : places) {
    counts.allocations += place.allocations.load(std::memory_order_relaxed);
  }
  counts.commits = commits.load();
  counts.syncs = syncs.load();
  return counts;
}

void count_commits() { sqlite3_auto_extension(reinterpret_cast<void (*)()>(&watch_commits)); }

}  // namespace hookline::bench
