// Replaces the allocation functions of the program it is linked into.
#include "fakes/failing_memory.hpp"

#include <cstdlib>
#include <new>

namespace hookline::fakes {
namespace {

thread_local std::size_t left = 0;  ///< until one fails; 0: none does

void* allocate(std::size_t size) {
  if (left > 0 && --left == 0) return nullptr;
  return std::malloc(size);
}

}  // namespace

bool with_failing_allocation(std::size_t number, const std::function<void()>& action) {
  left = number;
  try {
    action();
  } catch (const std::bad_alloc&) {
  }
  const bool came = left == 0;
  left = 0;
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
