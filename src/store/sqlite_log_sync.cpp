#include "store/sqlite_log_sync.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace hookline::detail {
namespace {

int sync_file(int file) {
  while (::fdatasync(file) != 0) {
    if (errno != EINTR) return errno;
  }
  return 0;
}

}  // namespace

SqliteLogSync::~SqliteLogSync() {
  if (file_ >= 0) ::close(file_);
}

/// SQLite has its locks on the other two files: to close this one drops none of them.
int SqliteLogSync::open(const std::string& path) {
  const int file = ::open((path + "-wal").c_str(), O_RDWR | O_CLOEXEC);
  if (file < 0) return errno;
  const std::lock_guard lock(mutex_);
  if (file_ >= 0) ::close(file_);
  file_ = file;
  doubt_ = EIO;
  return 0;
}

int SqliteLogSync::sync(std::uint64_t commit) {
  const std::lock_guard lock(mutex_);
  if (commit <= synced_) return 0;
  if (doubt_ != 0) return doubt_;
  const std::uint64_t committed = committed_;
  if (const int reason = sync_file(file_); reason != 0) return doubt_ = reason;
  synced_ = committed;
  return 0;
}

LogRewrite SqliteLogSync::rewrite(std::size_t frames) {
  const std::lock_guard lock(mutex_);
  const LogRewrite rewritten = rewrite_log(file_, frames);
  if (rewritten.kind != LogRewrite::Kind::done) return rewritten;
  if (const int reason = sync_file(file_); reason != 0) {
    return {LogRewrite::Kind::failed, reason};
  }
  synced_ = committed_;
  doubt_ = 0;
  return {};
}

}  // namespace hookline::detail
