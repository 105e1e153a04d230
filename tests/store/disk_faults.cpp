#include "store/disk_faults.hpp"

#include <sqlite3.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <thread>

namespace hookline::fakes {

std::atomic<int> DiskFaults::read_error{0};
std::atomic<int> DiskFaults::write_error{0};
std::atomic<int> DiskFaults::sync_error{0};
std::atomic<int> DiskFaults::failing_syncs{-1};
std::atomic<bool> DiskFaults::syncs_hang{false};
std::atomic<bool> DiskFaults::short_write{false};
std::atomic<unsigned> DiskFaults::one_in{1};
std::atomic<unsigned> DiskFaults::draws{1};
std::atomic<int> DiskFaults::syncs{0};
std::atomic<int> DiskFaults::writes{0};

namespace {

constexpr std::array<const char*, 2> kReads = {"pread", "pread64"};
constexpr std::array<const char*, 2> kWrites = {"pwrite", "pwrite64"};

/// Steps of a linear congruential generator; what two threads do to it at once does no harm.
bool happens() {
  const unsigned next = DiskFaults::draws * 1'664'525u + 1'013'904'223u;
  DiskFaults::draws = next;
  return (next >> 8) % DiskFaults::one_in == 0;
}

ssize_t read_or_fail(int file, void* bytes, size_t size, off_t offset) {
  const int error = DiskFaults::read_error;
  if (error == 0 || !happens()) return pread(file, bytes, size, offset);
  errno = error;
  return -1;
}

ssize_t write_or_fail(int file, const void* bytes, size_t size, off_t offset) {
  ++DiskFaults::writes;
  const int error = DiskFaults::write_error;
  if (error != 0 && happens()) {
    errno = error;
    return -1;
  }
  const bool half = DiskFaults::short_write && size > 1 && happens();
  return pwrite(file, bytes, half ? size / 2 : size, offset);
}

template <class Function>
void replace(const std::array<const char*, 2>& names, Function* function) {
  sqlite3_vfs* vfs = sqlite3_vfs_find(nullptr);
  for (const char* name : names) {
    vfs->xSetSystemCall(vfs, name, reinterpret_cast<sqlite3_syscall_ptr>(function));
  }
}

}  // namespace

DiskFaults::DiskFaults() {
  replace(kReads, &read_or_fail);
  replace(kWrites, &write_or_fail);
}

DiskFaults::~DiskFaults() {
  heal();
  replace<void()>(kReads, nullptr);
  replace<void()>(kWrites, nullptr);
}

void DiskFaults::heal() {
  read_error = 0;
  write_error = 0;
  sync_error = 0;
  failing_syncs = -1;
  syncs_hang = false;
  short_write = false;
  one_in = 1;
}

}  // namespace hookline::fakes

/// In the place of the C library's, for every library of this process: SQLite has no other way to
/// make a sync fail.
extern "C" int fdatasync(int file) {
  using hookline::fakes::DiskFaults;
  ++DiskFaults::syncs;
  while (DiskFaults::syncs_hang) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  const int error = DiskFaults::sync_error;
  const bool is_over = DiskFaults::failing_syncs >= 0 && DiskFaults::failing_syncs-- <= 0;
  if (error == 0 || is_over || !hookline::fakes::happens()) {
    return static_cast<int>(syscall(SYS_fdatasync, file));
  }
  errno = error;
  return -1;
}
