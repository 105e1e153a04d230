// Replaces the allocation functions of the program it is linked into.
#include "fakes/failing_memory.hpp"

#include <cstdlib>
#include <new>

namespace hookline::fakes {
namespace {

thread_local std::size_t left = 0;  ///< until one fails; 0: none does
thread_local bool fails = false;
thread_local MemoryFails mode = MemoryFails::once;

void* allocate(std::size_t size) {
  if (left > 0 && --left == 0) {
    fails = mode == MemoryFails::from_there;
    return nullptr;
  }
  return fails ? nullptr : std::malloc(size);
}

}  // namespace

bool with_failing_allocation(std::size_t number, MemoryFails how,
                             const std::function<void()>& action) {
  left = number;
  mode = how;
  try {
    action();
  } catch (const std::bad_alloc&) {
  }
  const bool came = left == 0;
  left = 0;
  fails = false;
  return came;
}

}  // namespace hookline::fakes

void* operator new(std::size_t size) {
  void* const memory = hookline::fakes::allocate(size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return hookline::fakes::allocate(size);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
