#include "store/sqlite_log_commit.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "store/sqlite_log_format.hpp"

namespace hookline::detail {
namespace {

bool marks_commit(const void* frame_header) {
  const auto* size_after_commit = static_cast<const unsigned char*>(frame_header) + 4;
  return std::any_of(size_after_commit, size_after_commit + 4, [](int byte) { return byte != 0; });
}

/// Stands in for the methods of the log, so that SQLite calls those here, for a scope: what a VFS
/// of our own would do for one file, without having to stand for all others too. Nothing is held
/// beyond the last page of the commit, so that nothing is lost or comes late: another process may
/// be the next to write to the same place.
class LogGathering : public sqlite3_io_methods {
 public:
  LogGathering(sqlite3_file* log, std::vector<char>& room)
      : sqlite3_io_methods(*log->pMethods), log_(log), below_(log->pMethods), room_(room) {
    xWrite = &write;
    xRead = [](sqlite3_file* file, void* to, int size, sqlite3_int64 place) {
      return pass<&sqlite3_io_methods::xRead>(file, to, size, place);
    };
    xTruncate = [](sqlite3_file* file, sqlite3_int64 size) {
      return pass<&sqlite3_io_methods::xTruncate>(file, size);
    };
    xSync = [](sqlite3_file* file, int how) { return pass<&sqlite3_io_methods::xSync>(file, how); };
    xFileSize = [](sqlite3_file* file, sqlite3_int64* size) {
      return pass<&sqlite3_io_methods::xFileSize>(file, size);
    };
    iVersion = std::min(iVersion, 3);  // a newer SQLite would look for methods that are not here
    log_->pMethods = this;
  }
  LogGathering(const LogGathering&) = delete;
  LogGathering& operator=(const LogGathering&) = delete;
  ~LogGathering() { log_->pMethods = below_; }

 private:
  static LogGathering& of(sqlite3_file* log) {
    return *static_cast<LogGathering*>(const_cast<sqlite3_io_methods*>(log->pMethods));
  }

  /// Does what SQLite asks for when the log has what is held.
  template <auto Method, class... Args>
  static int pass(sqlite3_file* log, Args... args) {
    LogGathering& self = of(log);
    const int code = self.write_held();
    return code == SQLITE_OK ? (self.below_->*Method)(log, args...) : code;
  }

  static int write(sqlite3_file* log, const void* bytes, int size, sqlite3_int64 place) {
    return of(log).gather(bytes, static_cast<std::size_t>(size), place);
  }

  /// Up to the last page of the commit: its error must come before SQLite takes it for done.
  int gather(const void* bytes, std::size_t size, sqlite3_int64 place) {
    const bool goes_on = place == place_ + static_cast<sqlite3_int64>(held_);
    if (!goes_on || held_ + size > room_.size()) {
      if (const int code = write_held(); code != SQLITE_OK) return code;
      place_ = place;
    }
    std::memcpy(room_.data() + held_, bytes, size);
    held_ += size;
    if (size == kFrameHeader) {
      is_last_page_ = marks_commit(bytes);
      return SQLITE_OK;
    }
    if (!is_last_page_) return SQLITE_OK;
    // What follows goes to the log as it comes. Where a transaction has written a page twice, that
    // is the checksums of all frames since, without which the commit would not be read again.
    log_->pMethods = below_;
    return write_held();
  }

  int write_held() {
    if (held_ == 0) return SQLITE_OK;
    const int code = below_->xWrite(log_, room_.data(), static_cast<int>(held_), place_);
    place_ += static_cast<sqlite3_int64>(held_);
    held_ = 0;
    return code;
  }

  sqlite3_file* const log_;
  const sqlite3_io_methods* const below_;
  std::vector<char>& room_;
  std::size_t held_ = 0;
  sqlite3_int64 place_ = 0;    ///< of what is held
  bool is_last_page_ = false;  ///< the frame header that came last has the mark of the commit
};

}  // namespace

void commit_in_one_write(SqliteConnection& db, std::vector<char>& room) {
  sqlite3_file* log = nullptr;
  db.check(sqlite3_file_control(db.handle(), "main", SQLITE_FCNTL_JOURNAL_POINTER, &log));
  if (db.failed()) return;
  if (log == nullptr || log->pMethods == nullptr) return db.run("COMMIT");
  const LogGathering gathering(log, room);
  db.run("COMMIT");
}

}  // namespace hookline::detail
