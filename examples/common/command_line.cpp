#include "common/command_line.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "common/printable.hpp"

namespace examples {

std::optional<int> parse(CLI::App& app, int argc, char** argv) {
  try {
    app.parse(argc, argv);
    return std::nullopt;
  } catch (const CLI::CallForHelp&) {
    std::fputs(app.help().c_str(), stdout);
    return 0;
  } catch (const CLI::ParseError& error) {
    complain(app.get_name(), error.what());
    return kBadInput;
  }
}

void complain(std::string_view program, std::string_view message) {
  std::fputs(fmt::format("{}: {}\n", program, printable(message)).c_str(), stderr);
}

CLI::Validator count_check() {
  const auto check = [](const std::string& text) -> std::string {
    const bool digits = text.find_first_not_of("0123456789") == std::string::npos;
    return digits && !text.empty() ? "" : fmt::format("{} is not a whole number", text);
  };
  return CLI::Validator(check, "");
}

CLI::Validator seconds_check() {
  const auto check = [](const std::string& text) -> std::string {
    constexpr double kYear = 365.0 * 24 * 60 * 60;
    char* end = nullptr;
    const double seconds = std::strtod(text.c_str(), &end);
    const bool whole = !text.empty() && *end == '\0';
    // Written so that "nan" fails, which compares false with everything.
    const bool usable = whole && seconds >= 0 && seconds <= kYear;
    return usable ? "" : fmt::format("{} is not a number of seconds", text);
  };
  return CLI::Validator(check, "");
}

std::chrono::milliseconds from_seconds(double seconds) {
  return std::chrono::milliseconds(std::llround(seconds * 1000));
}

}  // namespace examples
