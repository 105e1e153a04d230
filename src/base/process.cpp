#include "base/process.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <new>

namespace hookline::detail {
namespace {

using KnownProcess = std::atomic<pid_t>;

/// A page that a fork finds empty (MADV_WIPEONFORK, madvise(2)), unless it shares the memory, as
/// after vfork(2). Null if the system has none. It is never given back: who asks may be the last.
KnownProcess* page_of_this_process() {
  const auto size = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  void* const page = ::mmap(nullptr, size, PROT_READ | PROT_WRITE,  //
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return nullptr;
  if (::madvise(page, size, MADV_WIPEONFORK) == 0) return new (page) KnownProcess(0);
  ::munmap(page, size);
  return nullptr;
}

/// Null before it is initialised, which is as good. Not inside the function: a fork in the middle
/// of its first call would find the initialisation under way for ever.
KnownProcess* const kKnownProcess = page_of_this_process();

}  // namespace

pid_t process_id() {
  if (kKnownProcess == nullptr) return ::getpid();
  pid_t id = kKnownProcess->load(std::memory_order_relaxed);
  if (id == 0) {
    id = ::getpid();
    kKnownProcess->store(id, std::memory_order_relaxed);
  }
  return id;
}

}  // namespace hookline::detail
