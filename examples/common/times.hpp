#pragma once

#include <CLI/CLI.hpp>
#include <chrono>
#include <string>

#include "common/checked.hpp"

namespace examples {

/// `2024-04-24T17:20:14.659349Z`
std::string time_text(std::chrono::system_clock::time_point time);

/// An age for people: its two largest units, `3d 4h` or `12s`.
std::string age_text(std::chrono::seconds age);

/// A whole number of seconds, minutes, hours or days: `90s`, `15m`, `2h`, `7d`; at most 100 years.
Checked<std::chrono::seconds> parse_age(const std::string& text);

/// A time in UTC, `2024-04-24T17:20:14Z` with or without a fraction, or so long before `now` as
/// `parse_age` reads.
Checked<std::chrono::system_clock::time_point> parse_time(
    const std::string& text, std::chrono::system_clock::time_point now);

/// For options that these can read.
CLI::Validator age_check();
CLI::Validator time_check();

}  // namespace examples
