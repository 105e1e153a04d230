#include "store/disk_faults.hpp"

#include <sqlite3.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace hookline::fakes {

std::atomic<int> DiskFaults::write_error{0};
std::atomic<int> DiskFaults::sync_error{0};
std::atomic<int> DiskFaults::syncs{0};

namespace {

constexpr std::array<const char*, 2> kWrites = {"pwrite", "pwrite64"};

ssize_t write_or_fail(int file, const void* bytes, size_t size, off_t offset) {
  const int error = DiskFaults::write_error;
  if (error == 0) return pwrite(file, bytes, size, offset);
  errno = error;
  return -1;
}

}  // namespace

DiskFaults::DiskFaults() {
  sqlite3_vfs* vfs = sqlite3_vfs_find(nullptr);
  for (const char* name : kWrites) {
    vfs->xSetSystemCall(vfs, name, reinterpret_cast<sqlite3_syscall_ptr>(&write_or_fail));
  }
}

DiskFaults::~DiskFaults() {
  write_error = 0;
  sync_error = 0;
  sqlite3_vfs* vfs = sqlite3_vfs_find(nullptr);
  for (const char* name : kWrites) vfs->xSetSystemCall(vfs, name, nullptr);
}

}  // namespace hookline::fakes

/// In the place of the C library's, for every library of this process: SQLite has no other way to
/// make a sync fail.
extern "C" int fdatasync(int file) {
  ++hookline::fakes::DiskFaults::syncs;
  const int error = hookline::fakes::DiskFaults::sync_error;
  if (error == 0) return static_cast<int>(syscall(SYS_fdatasync, file));
  errno = error;
  return -1;
}
