#pragma once

#include <cstdint>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace hookline::bench {

/// A name in a folder for a file that is not there yet; what is there in the end is removed, with
/// what SQLite and hookline put beside it.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& folder);
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile();
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// SQLite as a host would use it, without hookline. Throws `std::runtime_error`.
class Database {
 public:
  explicit Database(const std::string& path);
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database();
  void run(const char* sql);
  [[nodiscard]] std::int64_t value(const char* sql);
  [[nodiscard]] sqlite3* handle() const { return db_; }

 private:
  sqlite3* db_ = nullptr;
};

class Statement {
 public:
  Statement(Database& db, const char* sql);
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  ~Statement();

  template <class... Args>
  void run(const Args&... args) {
    int index = 0;
    (bind(++index, args), ...);
    step();
  }

 private:
  void bind(int index, std::int64_t value);
  void bind(int index, std::string_view text);
  void step();

  sqlite3_stmt* statement_ = nullptr;
};

}  // namespace hookline::bench
