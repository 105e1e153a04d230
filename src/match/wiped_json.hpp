#pragma once

#include <openssl/crypto.h>
#include <rapidjson/document.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <new>

namespace hookline::detail {

/// An allocator of RapidJSON that wipes what it gives back. The size stands before each block,
/// since `Free` is not told.
class WipedHeap {
 public:
  static const bool kNeedFree = true;

  void* Malloc(std::size_t size) {
    if (size == 0) return nullptr;
    auto* block = static_cast<std::size_t*>(::operator new(size + kHeader, std::nothrow));
    if (block == nullptr) return nullptr;
    *block = size;
    return reinterpret_cast<char*>(block) + kHeader;
  }

  void* Realloc(void* memory, std::size_t old_size, std::size_t new_size) {
    void* copy = Malloc(new_size);
    if (copy != nullptr && memory != nullptr) {
      std::memcpy(copy, memory, std::min(old_size, new_size));
    }
    if (copy != nullptr || new_size == 0) Free(memory);
    return copy;
  }

  static void Free(void* memory) {
    if (memory == nullptr) return;
    auto* block = reinterpret_cast<std::size_t*>(static_cast<char*>(memory) - kHeader);
    OPENSSL_cleanse(memory, *block);
    ::operator delete(block);
  }

 private:
  static constexpr std::size_t kHeader = alignof(std::max_align_t);
};

/// A document that leaves nothing behind of what stood in it.
using WipedPool = rapidjson::MemoryPoolAllocator<WipedHeap>;
using WipedDocument = rapidjson::GenericDocument<rapidjson::UTF8<>, WipedPool, WipedHeap>;

}  // namespace hookline::detail
