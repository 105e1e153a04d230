#include "common/times.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <charconv>
#include <cstdint>
#include <ctime>
#include <regex>

namespace examples {
namespace {

using std::chrono::system_clock;

constexpr std::int64_t kDay = 86'400;

std::int64_t seconds_in(char unit) {
  switch (unit) {
    case 's':
      return 1;
    case 'm':
      return 60;
    case 'h':
      return 3'600;
    case 'd':
      return kDay;
    default:
      return 0;
  }
}

/// `.5` is half a second.
std::chrono::microseconds fraction_of(const std::string& digits) {
  const std::string micros = (digits + "000000").substr(0, 6);
  return std::chrono::microseconds(std::stol(micros));
}

}  // namespace

std::string time_text(system_clock::time_point time) {
  const auto micros = std::chrono::floor<std::chrono::microseconds>(time.time_since_epoch());
  const auto seconds = std::chrono::floor<std::chrono::seconds>(micros);
  const auto date = fmt::gmtime(static_cast<std::time_t>(seconds.count()));
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06}Z", date, (micros - seconds).count());
}

std::string age_text(std::chrono::seconds age) {
  const std::int64_t seconds = age.count();
  if (seconds < 60) return fmt::format("{}s", seconds);
  if (seconds < 3'600) return fmt::format("{}m {}s", seconds / 60, seconds % 60);
  if (seconds < kDay) return fmt::format("{}h {}m", seconds / 3'600, seconds / 60 % 60);
  return fmt::format("{}d {}h", seconds / kDay, seconds / 3'600 % 24);
}

Checked<std::chrono::seconds> parse_age(const std::string& text) {
  constexpr std::int64_t kLongest = 100 * 365 * kDay;
  const char* end = text.data() + text.size();
  std::int64_t count = -1;
  const auto [rest, error] = std::from_chars(text.data(), end, count);
  const bool whole = error == std::errc() && rest + 1 == end && count >= 0;
  const std::int64_t unit = whole ? seconds_in(*rest) : 0;
  if (unit == 0 || count > kLongest / unit) {
    return tl::unexpected(fmt::format("{} is not an age like 90s, 15m, 2h or 7d", text));
  }
  return std::chrono::seconds(count * unit);
}

Checked<system_clock::time_point> parse_time(const std::string& text,
                                             system_clock::time_point now) {
  if (const auto age = parse_age(text)) return now - *age;
  static const std::regex kForm(R"((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z)");
  std::smatch parts;
  std::tm date{};
  if (std::regex_match(text, parts, kForm) &&
      ::strptime(parts[1].str().c_str(), "%Y-%m-%dT%H:%M:%S", &date) != nullptr) {
    const auto time = system_clock::from_time_t(::timegm(&date));
    // The 31st of February would come out as another day.
    const bool real = time_text(time).compare(0, 19, parts[1].str()) == 0;
    if (real && date.tm_year >= 70 && date.tm_year < 300) return time + fraction_of(parts[2].str());
  }
  return tl::unexpected(
      fmt::format("{} is neither a time like 2024-04-24T17:20:14Z nor an age like 2h", text));
}

CLI::Validator age_check() {
  return CLI::Validator(
      [](const std::string& text) {
        const auto age = parse_age(text);
        return age ? std::string() : age.error();
      },
      "");
}

CLI::Validator time_check() {
  return CLI::Validator(
      [](const std::string& text) {
        const auto time = parse_time(text, system_clock::now());
        return time ? std::string() : time.error();
      },
      "");
}

}  // namespace examples
