#include "store/sqlite_scrub.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace hookline::detail {
namespace {

using PageNumber = std::uint32_t;

/// The layout of a page of a B-tree, checked against its size.
class TreePage {
 public:
  TreePage(const std::string& bytes, PageNumber number)
      : bytes_(bytes), header_(number == 1 ? 100 : 0) {
    if (bytes_.size() < header_ + 12) return;
    const unsigned kind = byte(header_);
    is_inner_ = kind == 2 || kind == 5;
    const bool is_leaf = kind == 10 || kind == 13;
    free_begin_ = header_ + (is_inner_ ? 12 : 8) + 2 * cells();
    free_end_ = number16(header_ + 5) == 0 ? 65'536 : number16(header_ + 5);
    valid_ = (is_inner_ || is_leaf) && free_begin_ <= free_end_ && free_end_ <= bytes_.size();
  }

  [[nodiscard]] bool valid() const { return valid_; }
  [[nodiscard]] std::size_t free_begin() const { return free_begin_; }
  [[nodiscard]] std::size_t free_size() const { return free_end_ - free_begin_; }
  [[nodiscard]] bool is_clean() const {
    const auto begin = bytes_.begin() + static_cast<std::ptrdiff_t>(free_begin_);
    return std::all_of(begin, begin + static_cast<std::ptrdiff_t>(free_size()),
                       [](char c) { return c == 0; });
  }

  void add_children(std::vector<PageNumber>& pages) const {
    if (!is_inner_) return;
    pages.push_back(number32(header_ + 8));
    for (std::size_t cell = 0; cell < cells(); ++cell) {
      const std::size_t at = number16(header_ + 12 + 2 * cell);
      if (at + 4 <= bytes_.size()) pages.push_back(number32(at));
    }
  }

 private:
  [[nodiscard]] unsigned byte(std::size_t at) const {
    return static_cast<unsigned char>(bytes_[at]);
  }
  [[nodiscard]] std::size_t number16(std::size_t at) const { return byte(at) << 8 | byte(at + 1); }
  [[nodiscard]] PageNumber number32(std::size_t at) const {
    return static_cast<PageNumber>(number16(at) << 16 | number16(at + 2));
  }
  [[nodiscard]] std::size_t cells() const { return number16(header_ + 3); }

  const std::string& bytes_;
  const std::size_t header_;
  bool valid_ = false;
  bool is_inner_ = false;
  std::size_t free_begin_ = 0;
  std::size_t free_end_ = 0;
};

std::vector<PageNumber> roots(SqliteConnection& db) {
  std::vector<PageNumber> pages = {1};
  SqliteRows rows = db.query("SELECT rootpage FROM sqlite_schema WHERE rootpage>1");
  while (rows.next()) pages.push_back(static_cast<PageNumber>(rows.integer(0)));
  return pages;
}

/// Zeroes the free middle of one page and adds those below it.
int scrub_page(sqlite3_file* file, PageNumber number, std::string& bytes,
               std::vector<PageNumber>& pages) {
  const sqlite3_int64 place =
      static_cast<sqlite3_int64>(number - 1) * static_cast<sqlite3_int64>(bytes.size());
  const int size = static_cast<int>(bytes.size());
  const int code = file->pMethods->xRead(file, bytes.data(), size, place);
  if (code != SQLITE_OK) return code;
  const TreePage page(bytes, number);
  if (!page.valid()) return SQLITE_CORRUPT;
  page.add_children(pages);
  if (page.is_clean()) return SQLITE_OK;
  const std::string zeros(page.free_size(), '\0');
  return file->pMethods->xWrite(file, zeros.data(), static_cast<int>(zeros.size()),
                                place + static_cast<sqlite3_int64>(page.free_begin()));
}

}  // namespace

void scrub(SqliteConnection& db) {
  sqlite3_file* file = nullptr;
  db.check(sqlite3_file_control(db.handle(), "main", SQLITE_FCNTL_FILE_POINTER, &file));
  std::string bytes(static_cast<std::size_t>(db.value("PRAGMA page_size").value_or(0)), '\0');
  std::vector<PageNumber> pages = roots(db);
  while (!pages.empty() && !db.failed()) {
    const PageNumber next = pages.back();
    pages.pop_back();
    db.check(scrub_page(file, next, bytes, pages));
  }
  if (!db.failed()) db.check(file->pMethods->xSync(file, SQLITE_SYNC_NORMAL));
  // The connection's own copies of pages would bring it back.
  sqlite3_db_release_memory(db.handle());
}

}  // namespace hookline::detail
