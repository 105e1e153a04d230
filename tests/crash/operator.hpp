#pragma once

#include <cstdint>

#include "hookline/dispatcher.hpp"

namespace hookline::crash {

/// Takes off, replays, recovers, pauses and resumes without an end, and reports it.
[[noreturn]] void operate(Dispatcher& dispatcher, std::uint64_t seed);

}  // namespace hookline::crash
