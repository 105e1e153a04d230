#pragma once

#include <openssl/crypto.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hookline::detail {

/// Wipes what it gives back.
template <class T>
struct WipingAllocator {
  using value_type = T;

  WipingAllocator() = default;
  template <class U>
  WipingAllocator(const WipingAllocator<U>&) {}

  T* allocate(std::size_t count) { return std::allocator<T>().allocate(count); }
  void deallocate(T* memory, std::size_t count) {
    OPENSSL_cleanse(memory, count * sizeof(T));
    std::allocator<T>().deallocate(memory, count);
  }

  friend bool operator==(const WipingAllocator&, const WipingAllocator&) { return true; }
  friend bool operator!=(const WipingAllocator&, const WipingAllocator&) { return false; }
};

/// Bytes of a key.
using WipedBytes = std::vector<unsigned char, WipingAllocator<unsigned char>>;

/// Appends base64 (RFC 4648, section 4) with padding.
void append_base64(std::string& out, const unsigned char* bytes, std::size_t size);

/// The bytes, if `append_base64` would give this text for them: no white space, no missing padding,
/// no stray bits at the end. OpenSSL's own decoder lets all three pass.
[[nodiscard]] std::optional<WipedBytes> decode_base64(std::string_view text);

}  // namespace hookline::detail
