#pragma once

#include <cstddef>
#include <cstdio>
#include <memory>
#include <string>

#include "common/checked.hpp"

namespace examples {

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

/// Opens a file for reading.
Checked<File> open_file(const std::string& path);

/// Fills the buffer as far as the file goes; less than `size` only at its end.
Checked<std::size_t> read_block(std::FILE* file, const std::string& path, char* buffer,
                                std::size_t size);

/// A limit for documents that a person writes.
inline constexpr std::size_t kMaxDocumentBytes = 256 * 1024 * 1024;

/// The whole file, if it has at most `limit` bytes.
Checked<std::string> read_text_file(const std::string& path, std::size_t limit);

}  // namespace examples
