#include "importer/csv_rows.hpp"

#include <csv.h>
#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "common/text_file.hpp"

namespace importer {
namespace {

constexpr std::size_t kBlockBytes = 64 * 1024;
constexpr std::size_t kMaxFieldBytes = 16 * 1024 * 1024;

/// libcsv, fed line by line so that faults can be placed. An error is `line N: what`.
class RowCounter {
 public:
  RowCounter();
  RowCounter(const RowCounter&) = delete;
  RowCounter& operator=(const RowCounter&) = delete;
  ~RowCounter() { csv_free(&parser_); }

  [[nodiscard]] examples::Checked<void> feed(std::string_view block);
  [[nodiscard]] examples::Checked<std::uint64_t> finish();

 private:
  examples::Checked<void> feed_line(std::string_view piece);
  examples::Checked<void> parse(std::string_view piece);
  bool accept_quote_as_text(char quote);

  static void on_field(void*, std::size_t, void* counter);
  static void on_row(int, void* counter);

  csv_parser parser_;
  std::uint64_t rows_ = 0;
  std::uint64_t line_ = 1;
  std::uint64_t field_line_ = 1;  ///< where the field that is open began
  bool after_cr_ = false;
};

tl::unexpected<std::string> fault(std::uint64_t line, std::string_view what);
std::size_t line_length(std::string_view text);
std::string_view without_utf8_mark(std::string_view text);
bool has_wide_mark(std::string_view text);

}  // namespace

examples::Checked<std::uint64_t> count_data_rows(const std::string& path) {
  const auto in_file = [&](const std::string& what) { return fmt::format("{}: {}", path, what); };
  const auto file = examples::open_file(path);
  if (!file) return tl::unexpected(file.error());
  RowCounter counter;
  std::vector<char> block(kBlockBytes);
  for (bool first = true, more = true; more; first = false) {
    const auto count = examples::read_block(file->get(), path, block.data(), block.size());
    if (!count) return tl::unexpected(count.error());
    more = *count == block.size();
    std::string_view text(block.data(), *count);
    if (first) {
      if (has_wide_mark(text)) return tl::unexpected(in_file("UTF-16 or UTF-32, not UTF-8"));
      text = without_utf8_mark(text);
    }
    if (const auto fed = counter.feed(text); !fed) return tl::unexpected(in_file(fed.error()));
  }
  return counter.finish().map_error(in_file);
}

namespace {

RowCounter::RowCounter() {
  // Strict, or text after a closing quote would make libcsv take the rows below it for one field.
  csv_init(&parser_, CSV_STRICT | CSV_STRICT_FINI);
  csv_set_blk_size(&parser_, kBlockBytes);
}

examples::Checked<void> RowCounter::feed(std::string_view block) {
  while (!block.empty()) {
    const std::string_view piece = block.substr(0, line_length(block));
    if (auto fed = feed_line(piece); !fed) return fed;
    block.remove_prefix(piece.size());
  }
  return {};
}

/// Takes a line with its end, or a part of one. CR, LF and CRLF end lines.
examples::Checked<void> RowCounter::feed_line(std::string_view piece) {
  if (after_cr_ && piece.front() == '\n') {
    after_cr_ = false;
    return parse(piece);
  }
  after_cr_ = piece.back() == '\r';
  if (piece.find('\0') != piece.npos) {
    return fault(line_, "a NUL byte: UTF-16 or not a text file");
  }
  if (auto parsed = parse(piece); !parsed) return parsed;
  if (parser_.entry_pos > kMaxFieldBytes) {
    return fault(field_line_, "a field of more than 16 MiB begins here");
  }
  if (piece.back() == '\r' || piece.back() == '\n') {
    ++line_;
    // Outside of quotes the end of a line ends its field.
    if (!parser_.quoted) field_line_ = line_;
  }
  return {};
}

examples::Checked<void> RowCounter::parse(std::string_view piece) {
  while (!piece.empty()) {
    const std::size_t parsed =
        csv_parse(&parser_, piece.data(), piece.size(), on_field, on_row, this);
    piece.remove_prefix(parsed);
    if (piece.empty()) break;
    if (csv_error(&parser_) != CSV_EPARSE) return fault(line_, "out of memory");
    if (!accept_quote_as_text(piece.front())) return fault(line_, "text after a closing quote");
    piece.remove_prefix(1);
  }
  return {};
}

/// A quote amid text that is not quoted (`5" nails`) is an error to libcsv when it is strict; it
/// harms nobody.
bool RowCounter::accept_quote_as_text(char quote) {
  if (parser_.quoted) return false;
  csv_set_opts(&parser_, CSV_STRICT_FINI);
  csv_parse(&parser_, &quote, 1, on_field, on_row, this);
  csv_set_opts(&parser_, CSV_STRICT | CSV_STRICT_FINI);
  return true;
}

examples::Checked<std::uint64_t> RowCounter::finish() {
  if (csv_fini(&parser_, on_field, on_row, this) != 0) {
    return fault(field_line_, "a quote opens here and is never closed");
  }
  return rows_ > 0 ? rows_ - 1 : 0;
}

void RowCounter::on_field(void*, std::size_t, void* counter) {
  auto& self = *static_cast<RowCounter*>(counter);
  self.field_line_ = self.line_;
}

void RowCounter::on_row(int, void* counter) { ++static_cast<RowCounter*>(counter)->rows_; }

tl::unexpected<std::string> fault(std::uint64_t line, std::string_view what) {
  return tl::unexpected<std::string>(fmt::format("line {}: {}", line, what));
}

/// Up to and with the first CR or LF, or all of it.
std::size_t line_length(std::string_view text) {
  const auto ends_line = [](char c) { return c == '\n' || c == '\r'; };
  const auto end = std::find_if(text.begin(), text.end(), ends_line);
  return static_cast<std::size_t>(end - text.begin()) + (end == text.end() ? 0 : 1);
}

std::string_view without_utf8_mark(std::string_view text) {
  constexpr std::string_view kMark = "\xef\xbb\xbf";
  if (text.substr(0, kMark.size()) == kMark) text.remove_prefix(kMark.size());
  return text;
}

/// UTF-16 in both byte orders and UTF-32 begin with one of these; big-endian UTF-32 has a NUL
/// first.
bool has_wide_mark(std::string_view text) {
  const std::string_view mark = text.substr(0, 2);
  return mark == "\xff\xfe" || mark == "\xfe\xff";
}

}  // namespace
}  // namespace importer
