#include "fakes/freed_memory.hpp"

#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <new>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__GLIBC__)
#define HOOKLINE_SEES_MALLOC 0
#else
#define HOOKLINE_SEES_MALLOC 1
extern "C" {
void* __libc_malloc(std::size_t size);
void __libc_free(void* memory);
}
#endif

namespace hookline::fakes {
namespace {

std::atomic<bool> watching{false};
std::atomic<int> seen{0};
std::vector<std::string_view> wanted;  // only changed while nobody watches

/// Allocates nothing: it is called by whoever frees.
void look_at(const void* memory) {
  if (memory == nullptr || !watching) return;
  const std::string_view content(static_cast<const char*>(memory),
                                 ::malloc_usable_size(const_cast<void*>(memory)));
  const bool found = std::any_of(wanted.begin(), wanted.end(), [&](std::string_view text) {
    return content.find(text) != content.npos;
  });
  if (found) ++seen;
}

}  // namespace

bool sees_malloc() { return HOOKLINE_SEES_MALLOC != 0; }

void begin_watch(const std::vector<std::string_view>& texts) {
  wanted = texts;
  seen = 0;
  watching = true;
}

int end_watch() {
  watching = false;
  return seen;
}

}  // namespace hookline::fakes

// With `free` in the program, its libraries come here, too.
#if HOOKLINE_SEES_MALLOC
extern "C" void free(void* memory) {
  hookline::fakes::look_at(memory);
  __libc_free(memory);
}

extern "C" void* realloc(void* memory, std::size_t size) {
  if (memory != nullptr && size == 0) {
    free(memory);
    return nullptr;
  }
  void* moved = __libc_malloc(size);
  if (memory == nullptr || moved == nullptr) return moved;
  std::memcpy(moved, memory, std::min(size, ::malloc_usable_size(memory)));
  free(memory);
  return moved;
}

namespace {
void release(void* memory) { std::free(memory); }
}  // namespace
#else
namespace {
void release(void* memory) {
  hookline::fakes::look_at(memory);
  std::free(memory);
}
}  // namespace
#endif

void* operator new(std::size_t size) {
  void* memory = std::malloc(size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return std::malloc(size); }
void operator delete(void* memory) noexcept { release(memory); }
void operator delete(void* memory, std::size_t) noexcept { release(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { release(memory); }
