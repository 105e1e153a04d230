#include "harness/counters.hpp"

#include <linux/perf_event.h>
#include <sqlite3.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <fstream>
#include <string>

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

int syscall_counter = -1;

/// The number under which the kernel knows the tracepoint; 0 if it does not tell.
std::uint64_t tracepoint() {
  std::uint64_t id = 0;
  for (const char* root : {"/sys/kernel/tracing", "/sys/kernel/debug/tracing"}) {
    std::ifstream file(std::string(root) + "/events/raw_syscalls/sys_enter/id");
    if (file >> id) break;
  }
  return id;
}

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
  if (syscall_counter >= 0 &&
      ::read(syscall_counter, &counts.syscalls, sizeof counts.syscalls) < 0) {
    counts.syscalls = 0;
  }
  return counts;
}

void count_commits() { sqlite3_auto_extension(reinterpret_cast<void (*)()>(&watch_commits)); }

void count_syscalls() {
  perf_event_attr event{};
  event.size = sizeof event;
  event.type = PERF_TYPE_TRACEPOINT;
  event.config = tracepoint();
  event.inherit = 1;
  if (event.config == 0) return;
  syscall_counter =
      static_cast<int>(::syscall(SYS_perf_event_open, &event, 0, -1, -1, PERF_FLAG_FD_CLOEXEC));
}

}  // namespace hookline::bench
