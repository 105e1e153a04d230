#pragma once

#include <functional>
#include <thread>

#include "hookline/result.hpp"

namespace hookline::detail {

/// Starts a thread with this name (at most 15 bytes) and all signals blocked, so that the host's
/// signals stay with the host's threads and a closed socket raises none. `system_failed`.
[[nodiscard]] Result<std::thread> start_thread(const char* name, std::function<void()> run);

}  // namespace hookline::detail
