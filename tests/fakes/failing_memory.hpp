#pragma once

#include <cstddef>
#include <functional>

namespace hookline::fakes {

enum class MemoryFails {
  once,       ///< that allocation, and none after it
  from_there  ///< it and all after it
};

/// Runs `action`; the allocation of this number, counted from 1, that this thread makes with
/// `operator new` meanwhile fails. What is thrown by that ends here. Whether there were so many.
bool with_failing_allocation(std::size_t number, MemoryFails how,
                             const std::function<void()>& action);

}  // namespace hookline::fakes
