#include "base/iso8601.hpp"

#include <cstddef>
#include <cstdint>

#include "base/civil_date.hpp"
#include "base/text_scanner.hpp"

namespace hookline::detail {
namespace {

constexpr std::int64_t kMicrosPerSecond = 1'000'000;
constexpr std::int64_t kMicrosPerDay = 86'400 * kMicrosPerSecond;

/// `.5` is half a second.
int read_fraction(TextScanner& scanner) {
  scanner.literal(".");
  int micros = scanner.digits(1);
  for (int place = 1; place < 6; ++place) {
    micros = micros * 10 + (scanner.next_is_digit() ? scanner.digits(1) : 0);
  }
  return micros;
}

/// Over the zeros before this place.
void write_digits(std::string& text, std::size_t end, std::int64_t number) {
  for (; number > 0; number /= 10) text[--end] = static_cast<char>('0' + number % 10);
}

}  // namespace

// Not through `gmtime`, which counts leap seconds where the environment's `TZ` says so, and locks.
std::optional<std::string> to_iso8601(std::chrono::microseconds since_1970) {
  const std::int64_t days = floor_div(since_1970.count(), kMicrosPerDay);
  const CivilDate date = civil_from_days(days);
  if (date.year < 0 || date.year > 9999) return std::nullopt;
  const std::int64_t in_day = since_1970.count() - days * kMicrosPerDay;
  const std::int64_t seconds = in_day / kMicrosPerSecond;
  std::string text = "0000-00-00T00:00:00.000000Z";
  write_digits(text, 4, date.year);
  write_digits(text, 7, date.month);
  write_digits(text, 10, date.day);
  write_digits(text, 13, seconds / 3600);
  write_digits(text, 16, seconds / 60 % 60);
  write_digits(text, 19, seconds % 60);
  write_digits(text, 26, in_day % kMicrosPerSecond);
  return text;
}

std::optional<std::chrono::microseconds> from_iso8601(std::string_view text) {
  TextScanner scanner(text);
  CivilDate date;
  date.year = scanner.digits(4);
  scanner.literal("-");
  date.month = scanner.digits(2);
  scanner.literal("-");
  date.day = scanner.digits(2);
  scanner.literal("T");
  const int hour = scanner.digits(2);
  scanner.literal(":");
  const int minute = scanner.digits(2);
  scanner.literal(":");
  const int second = scanner.digits(2);
  const int micros = scanner.next_is('.') ? read_fraction(scanner) : 0;
  scanner.literal("Z");

  const bool in_range = date.year >= 1970 && date.year < 2200 && hour < 24 && minute < 60;
  if (!scanner.complete() || !in_range || second > 59 || !is_valid(date)) return std::nullopt;
  const std::int64_t seconds = hour * 3600 + minute * 60 + second;
  return std::chrono::microseconds(days_from_civil(date) * kMicrosPerDay +
                                   seconds * kMicrosPerSecond + micros);
}

}  // namespace hookline::detail
