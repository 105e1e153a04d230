// `retry-after`: never before now, never beyond a day; dates mean what the C library says.
#include <chrono>
#include <cstdlib>
#include <ctime>

#include "deliver/http_date.hpp"
#include "deliver/verdict.hpp"
#include "fuzz.hpp"

namespace hookline::fuzz {
namespace {

using Time = std::chrono::system_clock::time_point;
using std::chrono::seconds;

/// The first piece decides what time it is, from 1970 to about 2242.
Time now_of(const std::string& text) {
  std::uint64_t number = 0;
  for (const char c : text) number = number * 31 + static_cast<unsigned char>(c);
  return Time(seconds(number % (std::uint64_t{1} << 33)));
}

std::string written(const detail::SysSeconds& time, const char* format) {
  const std::time_t count = time.time_since_epoch().count();
  std::tm parts{};
  ::gmtime_r(&count, &parts);
  char text[64];
  return {text, std::strftime(text, sizeof text, format, &parts)};
}

}  // namespace

void check(std::string_view input) {
  Pieces pieces(input);
  const Time now = now_of(pieces.next());
  const std::string value = pieces.rest();

  const auto delay = detail::parse_retry_after(value, now);
  promise(!delay || (*delay >= seconds(0) && *delay <= std::chrono::hours(24)),
          "a delay is from nothing to a day", value);
  promise(detail::parse_retry_after(" \t" + value + "\t ", now) == delay,
          "white space around it changes nothing", value);

  const auto date = detail::parse_http_date(value, now);
  if (!date) return;
  promise(delay.has_value(), "every date is a delay", value);
  // strftime does not pad years to four digits, and a leap second may lead out of 9999.
  const bool four_digits = *date >= detail::SysSeconds(seconds(-30'610'224'000)) &&
                           *date <= detail::SysSeconds(seconds(253'402'300'799));
  for (const char* format : {"%a, %d %b %Y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"}) {
    const std::string text = written(*date, format);
    promise(!four_digits || detail::parse_http_date(text, now) == date,
            "a date that is written out reads back", value + "\n" + text);
  }
}

}  // namespace hookline::fuzz
