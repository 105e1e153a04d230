#pragma once

#include <CLI/CLI.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace examples {

/// What the programs end with when their arguments or their files cannot be used.
constexpr int kBadInput = 2;

/// Parses the arguments. A value means that the program ends with it: 0 after `--help`, `kBadInput`
/// after a line on stderr that says what is wrong.
std::optional<int> parse(CLI::App& app, int argc, char** argv);

/// Writes `program: message` to stderr, on one line whatever the message holds.
void complain(std::string_view program, std::string_view message);

/// Accepts a whole number from 0 on.
CLI::Validator count_check();

/// Accepts a number of seconds from 0 to a year; fractions are fine.
CLI::Validator seconds_check();
std::chrono::milliseconds from_seconds(double seconds);

}  // namespace examples
