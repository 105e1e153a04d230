#include "store/sqlite_log_rewrite.hpp"

#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <vector>

#include "store/sqlite_log_format.hpp"

namespace hookline::detail {
namespace {

constexpr std::size_t kFramesAtOnce = 64;

std::uint32_t big_endian(const unsigned char* bytes) {
  return std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 |
         std::uint32_t{bytes[2]} << 8 | std::uint32_t{bytes[3]};
}

std::uint32_t little_endian(const unsigned char* bytes) {
  return std::uint32_t{bytes[3]} << 24 | std::uint32_t{bytes[2]} << 16 |
         std::uint32_t{bytes[1]} << 8 | std::uint32_t{bytes[0]};
}

/// Over everything from the header on.
class Checksum {
 public:
  explicit Checksum(bool of_big_endian_words) : of_big_endian_words_(of_big_endian_words) {}

  void add(const unsigned char* bytes, std::size_t size) {
    const auto word = of_big_endian_words_ ? &big_endian : &little_endian;
    for (const unsigned char* end = bytes + size; bytes != end; bytes += 8) {
      first_ += word(bytes) + second_;
      second_ += word(bytes + 4) + first_;
    }
  }
  [[nodiscard]] bool stands_at(const unsigned char* bytes) const {
    return big_endian(bytes) == first_ && big_endian(bytes + 4) == second_;
  }

 private:
  const bool of_big_endian_words_;
  std::uint32_t first_ = 0;
  std::uint32_t second_ = 0;
};

constexpr int kEndOfFile = -1;

/// 0, an errno, or the end of the file.
template <class Transfer, class Byte>
int transfer_all(Transfer transfer, int file, Byte* bytes, std::size_t size, off_t place) {
  while (size > 0) {
    const ssize_t done = transfer(file, bytes, size, place);
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return errno;
    if (done == 0) return kEndOfFile;
    bytes += done;
    place += done;
    size -= static_cast<std::size_t>(done);
  }
  return 0;
}

LogRewrite failed(int reason) {
  if (reason == kEndOfFile) return {LogRewrite::Kind::damaged, 0};
  return {LogRewrite::Kind::failed, reason};
}

constexpr LogRewrite kDamaged{LogRewrite::Kind::damaged, 0};

}  // namespace

LogRewrite rewrite_log(int file, std::size_t frames) {
  std::array<unsigned char, kLogHeader> header;
  if (const int reason = transfer_all(::pread, file, header.data(), kLogHeader, 0); reason != 0) {
    return failed(reason);
  }
  const std::uint32_t magic = big_endian(header.data());
  Checksum checksum((magic & 1) != 0);
  checksum.add(header.data(), 24);
  const std::size_t page = big_endian(header.data() + 8);
  const bool is_a_log = frames > 0 && (magic & ~1u) == 0x377f0682 && page >= 512 && page <= 65'536;
  if (!is_a_log || !checksum.stands_at(header.data() + 24)) return kDamaged;
  if (const int reason = transfer_all(::pwrite, file, header.data(), kLogHeader, 0); reason != 0) {
    return failed(reason);
  }

  std::vector<unsigned char> room(kFramesAtOnce * (kFrameHeader + page));
  auto place = static_cast<off_t>(kLogHeader);
  while (frames > 0) {
    const std::size_t count = std::min(frames, kFramesAtOnce);
    const std::size_t size = count * (kFrameHeader + page);
    if (const int reason = transfer_all(::pread, file, room.data(), size, place); reason != 0) {
      return failed(reason);
    }
    for (std::size_t i = 0; i < count; ++i) {
      const unsigned char* frame = room.data() + i * (kFrameHeader + page);
      checksum.add(frame, 8);
      checksum.add(frame + kFrameHeader, page);
      const bool has_salt = std::memcmp(frame + 8, header.data() + 16, 8) == 0;
      if (!has_salt || !checksum.stands_at(frame + 16)) return kDamaged;
    }
    if (const int reason = transfer_all(::pwrite, file, room.data(), size, place); reason != 0) {
      return failed(reason);
    }
    place += static_cast<off_t>(size);
    frames -= count;
  }
  return {};
}

}  // namespace hookline::detail
