#pragma once

#include <fmt/format.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/civil_date.hpp"
#include "base/text.hpp"

namespace hookline::detail {

using UtcTime = std::chrono::time_point<std::chrono::system_clock, std::chrono::microseconds>;

inline constexpr std::int64_t kSecondsADay = 86'400;
inline constexpr std::int64_t kMicrosASecond = 1'000'000;

/// `2024-04-24T17:20:14.659349Z`: ISO-8601, UTC, always microseconds. What is finer is cut off.
[[nodiscard]] inline std::string to_iso8601(std::chrono::system_clock::time_point time) {
  const std::int64_t micros =
      std::chrono::floor<std::chrono::microseconds>(time.time_since_epoch()).count();
  const std::int64_t seconds = floor_div(micros, kMicrosASecond);
  const std::int64_t days = floor_div(seconds, kSecondsADay);
  const std::int64_t second = seconds - days * kSecondsADay;
  const CivilDate date = civil_from_days(days);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", date.year, date.month, date.day,
                     second / 3600, second / 60 % 60, second % 60,
                     micros - seconds * kMicrosASecond);
}

/// Reads one piece after another off the front of a text; remembers whether all of them were there.
class TimeScanner {
 public:
  explicit TimeScanner(std::string_view text) : text_(text) {}

  int digits(std::size_t count) {
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (text_.empty() || !is_digit(text_.front())) return fail();
      value = value * 10 + (text_.front() - '0');
      text_.remove_prefix(1);
    }
    return value;
  }

  bool skip(char c) {
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }

  void expect(char c) {
    if (!skip(c)) fail();
  }

  /// What follows a decimal point, as millionths.
  int millionths() {
    int value = digits(1);
    int scale = 1;
    for (; scale < 6 && !text_.empty() && is_digit(text_.front()); ++scale) {
      value = value * 10 + digits(1);
    }
    for (; scale < 6; ++scale) value *= 10;
    return value;
  }

  [[nodiscard]] bool is_done() const { return ok_ && text_.empty(); }

 private:
  int fail() {
    ok_ = false;
    return 0;
  }

  std::string_view text_;
  bool ok_ = true;
};

/// The same form, the fraction optional and of one to six digits; years 1970 to 2199.
[[nodiscard]] inline std::optional<UtcTime> from_iso8601(std::string_view text) {
  TimeScanner scanner(text);
  CivilDate date;
  date.year = scanner.digits(4);
  scanner.expect('-');
  date.month = scanner.digits(2);
  scanner.expect('-');
  date.day = scanner.digits(2);
  scanner.expect('T');
  const int hour = scanner.digits(2);
  scanner.expect(':');
  const int minute = scanner.digits(2);
  scanner.expect(':');
  const int second = scanner.digits(2);
  const int micros = scanner.skip('.') ? scanner.millionths() : 0;
  scanner.expect('Z');

  const bool in_range = date.year >= 1970 && date.year < 2200 && hour < 24 && minute < 60;
  if (!scanner.is_done() || !in_range || second > 59 || !is_valid(date)) return std::nullopt;
  const std::int64_t seconds =
      days_from_civil(date) * kSecondsADay + hour * 3600 + minute * 60 + second;
  return UtcTime(std::chrono::microseconds(seconds * kMicrosASecond + micros));
}

}  // namespace hookline::detail
