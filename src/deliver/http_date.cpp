#include "deliver/http_date.hpp"

#include <array>
#include <cstdint>

#include "base/civil_date.hpp"
#include "base/text_scanner.hpp"

namespace hookline::detail {
namespace {

constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> kDays = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
constexpr std::array<std::string_view, 7> kLongDays = {
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};

/// asctime writes the day of the month with a space in place of a leading zero.
int padded_day(TextScanner& scanner) {
  if (!scanner.next_is(' ')) return scanner.digits(2);
  scanner.literal(" ");
  return scanner.digits(1);
}

struct Parts {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
};

void read_time(TextScanner& reader, Parts& parts) {
  parts.hour = reader.digits(2);
  reader.literal(":");
  parts.minute = reader.digits(2);
  reader.literal(":");
  parts.second = reader.digits(2);
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`
std::optional<Parts> read_imf_fixdate(std::string_view text) {
  TextScanner reader(text);
  Parts parts;
  reader.one_of(kDays);
  reader.literal(", ");
  parts.day = reader.digits(2);
  reader.literal(" ");
  parts.month = reader.one_of(kMonths) + 1;
  reader.literal(" ");
  parts.year = reader.digits(4);
  reader.literal(" ");
  read_time(reader, parts);
  reader.literal(" GMT");
  return reader.complete() ? std::optional(parts) : std::nullopt;
}

/// `Sunday, 06-Nov-94 08:49:37 GMT`
std::optional<Parts> read_rfc850(std::string_view text, int current_year) {
  TextScanner reader(text);
  Parts parts;
  reader.one_of(kLongDays);
  reader.literal(", ");
  parts.day = reader.digits(2);
  reader.literal("-");
  parts.month = reader.one_of(kMonths) + 1;
  reader.literal("-");
  parts.year = current_year / 100 * 100 + reader.digits(2);
  if (parts.year > current_year + 50) parts.year -= 100;
  reader.literal(" ");
  read_time(reader, parts);
  reader.literal(" GMT");
  return reader.complete() ? std::optional(parts) : std::nullopt;
}

/// `Sun Nov  6 08:49:37 1994`
std::optional<Parts> read_asctime(std::string_view text) {
  TextScanner reader(text);
  Parts parts;
  reader.one_of(kDays);
  reader.literal(" ");
  parts.month = reader.one_of(kMonths) + 1;
  reader.literal(" ");
  parts.day = padded_day(reader);
  reader.literal(" ");
  read_time(reader, parts);
  reader.literal(" ");
  parts.year = reader.digits(4);
  return reader.complete() ? std::optional(parts) : std::nullopt;
}

std::optional<SysSeconds> to_time(const Parts& parts) {
  const CivilDate date{parts.year, parts.month, parts.day};
  // A second of 60 is a leap second, which RFC 9110 allows.
  if (!is_valid(date) || parts.hour > 23 || parts.minute > 59 || parts.second > 60) {
    return std::nullopt;
  }
  const std::int64_t seconds =
      days_from_civil(date) * 86400 + parts.hour * 3600 + parts.minute * 60 + parts.second;
  return SysSeconds(std::chrono::duration<std::int64_t>(seconds));
}

}  // namespace

std::optional<SysSeconds> parse_http_date(std::string_view text,
                                          std::chrono::system_clock::time_point now) {
  const auto days = std::chrono::floor<std::chrono::hours>(now.time_since_epoch()).count() / 24;
  auto parts = read_imf_fixdate(text);
  if (!parts) parts = read_rfc850(text, civil_from_days(days).year);
  if (!parts) parts = read_asctime(text);
  return parts ? to_time(*parts) : std::nullopt;
}

}  // namespace hookline::detail
