#include "common/text_file.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <system_error>

namespace examples {
namespace {

std::string why(const std::string& path, int error) {
  return fmt::format("{}: {}", path, std::generic_category().message(error));
}

}  // namespace

Checked<File> open_file(const std::string& path) {
  File file(std::fopen(path.c_str(), "rbe"));
  if (!file) return tl::unexpected(why(path, errno));
  return file;
}

Checked<std::size_t> read_block(std::FILE* file, const std::string& path, char* buffer,
                                std::size_t size) {
  const std::size_t count = std::fread(buffer, 1, size, file);
  if (count < size && std::ferror(file)) return tl::unexpected(why(path, errno));
  return count;
}

Checked<std::string> read_text_file(const std::string& path, std::size_t limit) {
  const auto file = open_file(path);
  if (!file) return tl::unexpected(file.error());
  std::string text;
  for (;;) {
    char block[64 * 1024];
    const auto count = read_block(file->get(), path, block, sizeof block);
    if (!count) return tl::unexpected(count.error());
    text.append(block, *count);
    if (text.size() > limit) {
      return tl::unexpected(fmt::format("{}: more than {} bytes", path, limit));
    }
    if (*count < sizeof block) return text;
  }
}

}  // namespace examples
