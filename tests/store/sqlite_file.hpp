#pragma once

#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "catch.hpp"
#include "hookline/sqlite_store.hpp"

namespace hookline::fakes {

/// A place for database files that goes with the test.
class SqliteFile {
 public:
  SqliteFile() {
    std::string pattern = (place() / "hookline-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  SqliteFile(const SqliteFile&) = delete;
  SqliteFile& operator=(const SqliteFile&) = delete;
  ~SqliteFile() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
  [[nodiscard]] std::string path() const { return (folder_ / "hookline.db").string(); }

  [[nodiscard]] Result<std::unique_ptr<SqliteStore>> try_open() const {
    return SqliteStore::open({path()});
  }
  [[nodiscard]] std::unique_ptr<SqliteStore> open() const {
    auto store = try_open();
    if (!store) FAIL(store.error().message);
    return *std::move(store);
  }
  /// The files here that contain the text. Only once no store is open: to close a file here would
  /// drop SQLite's locks on it.
  [[nodiscard]] std::vector<std::string> files_with(const std::string& text) const {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
      std::ifstream in(entry.path(), std::ios::binary);
      const std::string bytes(std::istreambuf_iterator<char>(in), {});
      if (bytes.find(text) != std::string::npos) found.push_back(entry.path().filename().string());
    }
    return found;
  }
  /// One on a file of its own.
  [[nodiscard]] std::unique_ptr<SqliteStore> open_new() {
    auto store = SqliteStore::open({(folder_ / std::to_string(++files_)).string()});
    if (!store) FAIL(store.error().message);
    return *std::move(store);
  }

 private:
  /// In memory, where the system has such a place: what is asked of the disk is asked elsewhere.
  static std::filesystem::path place() {
    const std::filesystem::path memory = "/dev/shm";
    const bool usable = ::access(memory.c_str(), W_OK | X_OK) == 0;
    return usable ? memory : std::filesystem::temp_directory_path();
  }

  std::filesystem::path folder_;
  int files_ = 0;
};

}  // namespace hookline::fakes
