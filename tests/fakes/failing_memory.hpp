#pragma once

#include <cstddef>
#include <functional>

namespace hookline::fakes {

/// Runs `action`; the allocation of this number, counted from 1, that this thread makes with
/// `operator new` meanwhile fails. What is thrown by that ends here. Whether there were so many.
bool with_failing_allocation(std::size_t number, const std::function<void()>& action);

}  // namespace hookline::fakes
