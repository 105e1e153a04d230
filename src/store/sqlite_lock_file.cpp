#include "store/sqlite_lock_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <thread>
#include <utility>

#include "base/fail.hpp"

namespace hookline::detail {
namespace {

using std::chrono::steady_clock;

constexpr off_t kWriting = 0;
constexpr off_t kQueue = 1;
constexpr off_t kInstances = 16;

struct flock whole_byte(short type, off_t byte) {
  struct flock lock = {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = byte;
  lock.l_len = 1;
  return lock;
}

/// 0, or the errno; EAGAIN if somebody else has it.
int try_lock(int file, off_t byte) {
  struct flock lock = whole_byte(F_WRLCK, byte);
  return fcntl(file, F_OFD_SETLK, &lock) == 0 ? 0 : errno;
}

void unlock(int file, off_t byte) {
  struct flock lock = whole_byte(F_UNLCK, byte);
  fcntl(file, F_OFD_SETLK, &lock);
}

/// How long to wait before asking again. The same for all and at all times: whoever asked less
/// often the longer it has waited would lose to each newcomer. It costs a tenth of a core for as
/// long as somebody holds the lock.
constexpr std::chrono::microseconds kPause{100};

/// The kernel has no lock that waits for a time only, so this asks again and again: a process that
/// is stopped in the middle of a write must not stop this one for ever.
int lock_until(int file, off_t byte, steady_clock::time_point deadline) {
  for (;;) {
    const int reason = try_lock(file, byte);
    if (reason != EAGAIN && reason != EACCES && reason != EINTR) return reason;
    if (steady_clock::now() >= deadline) return ETIMEDOUT;
    std::this_thread::sleep_for(kPause);
  }
}

}  // namespace

Result<std::unique_ptr<SqliteLockFile>> SqliteLockFile::open(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
  if (file < 0) {
    return fail(ErrorCode::store_failed,
                "store {}: the lock file cannot be opened: {}; check that its folder exists and "
                "this user may write there",
                path, std::generic_category().message(errno));
  }
  return std::unique_ptr<SqliteLockFile>(new SqliteLockFile(path, file));
}

SqliteLockFile::~SqliteLockFile() { ::close(file_); }

Result<void> SqliteLockFile::lock_writing(std::chrono::milliseconds timeout) {
  const auto deadline = steady_clock::now() + timeout;
  int reason = lock_until(file_, kQueue, deadline);
  if (reason == 0) {
    reason = lock_until(file_, kWriting, deadline);
    unlock(file_, kQueue);
  }
  if (reason == 0) return {};
  if (reason == ETIMEDOUT) {
    return fail(ErrorCode::store_failed,
                "store {}: another process has been writing for longer than {} ms; try again, or "
                "find the process that hangs",
                path_, timeout.count());
  }
  return fail(ErrorCode::store_failed,
              "store {}: it cannot be locked: {}; keep the store on a local file system", path_,
              std::generic_category().message(reason));
}

void SqliteLockFile::unlock_writing() { unlock(file_, kWriting); }

bool SqliteLockFile::become_instance(std::int64_t number) {
  return try_lock(file_, kInstances + number) == 0;
}

bool SqliteLockFile::is_alive(std::int64_t number) const {
  struct flock lock = whole_byte(F_WRLCK, kInstances + number);
  // What cannot be known counts as alive: to take over too early is worse than too late.
  return fcntl(file_, F_OFD_GETLK, &lock) != 0 || lock.l_type != F_UNLCK;
}

}  // namespace hookline::detail
