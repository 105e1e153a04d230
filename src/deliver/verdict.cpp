#include "deliver/verdict.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text.hpp"
#include "deliver/http_date.hpp"

namespace hookline::detail {
namespace {

using std::chrono::milliseconds;

constexpr std::chrono::hours kLongestRetryAfter{24};

Verdict exhausted(std::string error) {
  Verdict verdict;
  verdict.kind = Outcome::Kind::exhausted;
  verdict.error = std::move(error);
  return verdict;
}

Verdict retry_or_exhaust(const VerdictInput& input, std::string error) {
  if (input.attempts >= input.schedule.size()) return exhausted(std::move(error));
  Verdict verdict;
  verdict.kind = Outcome::Kind::retry;
  verdict.error = std::move(error);
  const auto planned = static_cast<double>(input.schedule[input.attempts].count()) * input.stretch;
  verdict.delay = milliseconds(std::llround(planned));
  return verdict;
}

/// Obeyed by the delivery always, by the others of its lane where the answer is about the receiver
/// and not about the request (RFC 6585, 4 and RFC 9110, 15.6.4).
void obey_retry_after(const VerdictInput& input, Verdict& verdict) {
  if (!input.result->retry_after) return;
  const auto asked = parse_retry_after(*input.result->retry_after, input.wall_now);
  if (!asked) return;
  verdict.delay = std::max(verdict.delay, *asked);
  const int status = input.result->status;
  if (status == 429 || status == 503) verdict.pause = *asked;
}

Verdict judge_response(const VerdictInput& input) {
  const int status = input.result->status;
  if (status >= 200 && status < 300) return {};
  if (status == 410) {
    Verdict verdict = exhausted("http: status 410, the receiver is gone");
    verdict.gone = true;
    return verdict;
  }
  const bool redirect = status >= 300 && status < 400;
  Verdict verdict = retry_or_exhaust(
      input,
      fmt::format("http: status {}{}", status, redirect ? ", redirects are not followed" : ""));
  obey_retry_after(input, verdict);
  return verdict;
}

Verdict judge_failure(const VerdictInput& input) {
  const TransportFailure& failure = input.result.error();
  std::string error = fmt::format("{}: {}", to_string(failure.failure), failure.message);
  if (failure.failure == FailureClass::cancelled) {
    Verdict verdict;
    verdict.kind = Outcome::Kind::released;
    verdict.error = std::move(error);
    return verdict;
  }
  if (failure.permanent) return exhausted(std::move(error));
  return retry_or_exhaust(input, std::move(error));
}

std::optional<milliseconds> parse_seconds(std::string_view digits) {
  const bool number = !digits.empty() && std::all_of(digits.begin(), digits.end(), is_digit);
  if (!number) return std::nullopt;
  std::int64_t seconds = 0;
  for (const char digit : digits) {
    seconds = seconds * 10 + (digit - '0');
    if (std::chrono::seconds(seconds) >= kLongestRetryAfter) return kLongestRetryAfter;
  }
  return std::chrono::seconds(seconds);
}

}  // namespace

Verdict judge(const VerdictInput& input) {
  return input.result ? judge_response(input) : judge_failure(input);
}

std::optional<milliseconds> parse_retry_after(std::string_view value,
                                              std::chrono::system_clock::time_point wall_now) {
  const std::size_t begin = value.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return std::nullopt;
  value = value.substr(begin, value.find_last_not_of(" \t") - begin + 1);

  if (const auto delay = parse_seconds(value)) return delay;
  const auto date = parse_http_date(value, wall_now);
  if (!date) return std::nullopt;
  // A date is compared in whole seconds, since that is how precise it is.
  const auto now = std::chrono::floor<std::chrono::seconds>(wall_now);
  return std::clamp<std::chrono::seconds>(*date - now, std::chrono::seconds(0), kLongestRetryAfter);
}

}  // namespace hookline::detail
