#pragma once

#include <sys/types.h>

namespace hookline::detail {

/// The id of this process, as getpid(2) says it, for the price of a load: what must not be used in
/// a fork of the process it belongs to can afford to ask each time.
///
/// Threads: any.
[[nodiscard]] pid_t process_id();

}  // namespace hookline::detail
