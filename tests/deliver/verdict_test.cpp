#include "deliver/verdict.hpp"

#include "catch.hpp"
#include "hookline/testing.hpp"

using namespace hookline;
using namespace hookline::detail;
using namespace std::chrono_literals;
using Kind = Outcome::Kind;

namespace {

const std::vector<std::chrono::milliseconds> kSchedule = {0s, 5s, 300s};
// Sun, 06 Nov 1994 08:49:37 GMT, the date of the examples in RFC 9110.
const auto kExampleDate = std::chrono::system_clock::time_point(784111777s);

Verdict after(const HttpResult& result, std::uint32_t attempts = 1, double stretch = 1.0) {
  return judge({result, attempts, kSchedule, stretch, kExampleDate});
}

}  // namespace

TEST_CASE("Only a 2xx succeeds") {
  for (const int status : {200, 201, 202, 204, 299}) {
    CHECK(after(testing::status(status)).kind == Kind::delivered);
  }
  for (const int status : {300, 301, 302, 304, 307, 308, 400, 401, 404, 408, 429, 500, 503, 600}) {
    const Verdict verdict = after(testing::status(status));
    CHECK(verdict.kind == Kind::retry);
    CHECK(verdict.error.find(std::to_string(status)) != std::string::npos);
  }
}

TEST_CASE("410 ends the delivery and the webhook") {
  const Verdict verdict = after(testing::status(410));
  CHECK(verdict.kind == Kind::exhausted);
  CHECK(verdict.gone);
  CHECK_FALSE(after(testing::status(404)).gone);
}

TEST_CASE("The delay is that of the schedule, stretched by the jitter") {
  CHECK(after(testing::status(500), 1).delay == 5s);
  CHECK(after(testing::status(500), 2).delay == 300s);
  CHECK(after(testing::status(500), 1, 1.2).delay == 6s);
  CHECK(after(testing::status(500), 1, 0.8).delay == 4s);
}

TEST_CASE("The schedule ends the delivery when it has no more tries") {
  CHECK(after(testing::status(500), 3).kind == Kind::exhausted);
  CHECK_FALSE(after(testing::status(500), 3).gone);
  CHECK(after(testing::failure(FailureClass::timeout), 3).kind == Kind::exhausted);
}

TEST_CASE("A failure is retried unless trying again cannot help") {
  for (const auto failure : {FailureClass::policy, FailureClass::dns, FailureClass::connect,
                             FailureClass::tls, FailureClass::timeout, FailureClass::protocol,
                             FailureClass::connection, FailureClass::internal}) {
    CHECK(after(testing::failure(failure)).kind == Kind::retry);
  }
  const HttpResult refused =
      tl::unexpected(TransportFailure{FailureClass::policy, "refused", true});
  CHECK(after(refused).kind == Kind::exhausted);
}

TEST_CASE("A cancelled request does not count") {
  CHECK(after(testing::failure(FailureClass::cancelled), 3).kind == Kind::released);
}

TEST_CASE("A retry-after is obeyed where it asks for more than the schedule") {
  CHECK(after(testing::retry_after(503, "60")).delay == 60s);
  CHECK(after(testing::retry_after(503, "1")).delay == 5s);
  CHECK(after(testing::retry_after(429, "Sun, 06 Nov 1994 08:50:37 GMT")).delay == 60s);
  CHECK(after(testing::retry_after(503, "99999999999999999999")).delay == 24h);
  CHECK(after(testing::retry_after(503, "soon")).delay == 5s);
  // Jitter never makes it earlier.
  CHECK(after(testing::retry_after(503, "60"), 1, 0.8).delay == 60s);
}

TEST_CASE("Both forms of retry-after are read, and nothing else") {
  const auto read = [](std::string_view value) { return parse_retry_after(value, kExampleDate); };
  CHECK(read("0") == 0ms);
  CHECK(read("120") == 120s);
  CHECK(read(" 120\t") == 120s);
  CHECK(read("86400") == 24h);
  CHECK(read("86401") == 24h);
  CHECK(read("Sun, 06 Nov 1994 08:49:47 GMT") == 10s);
  CHECK(read("Sunday, 06-Nov-94 08:49:47 GMT") == 10s);
  CHECK(read("Sun Nov  6 08:49:47 1994") == 10s);
  CHECK(read("Sun, 06 Nov 1994 08:00:00 GMT") == 0s);   // has passed
  CHECK(read("Fri, 31 Dec 9999 23:59:59 GMT") == 24h);  // clamped
  for (const auto* wrong :
       {"", " ", "-1", "+5", "1.5", "1e3", "0x10", "10 s", "Sun, 06 Nov 1994 08:49:47",
        "Sun, 06 Nov 1994 08:49:47 CET", "Sun, 31 Feb 1994 08:49:47 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT", "sun, 06 nov 1994 08:49:47 gmt",
        "Sun, 6 Nov 1994 08:49:47 GMT", "Sun, 06 Nov 1994 08:49:47 GMT x"}) {
    INFO(wrong);
    CHECK_FALSE(read(wrong));
  }
}

TEST_CASE("A two-digit year more than 50 years ahead is in the past") {
  const auto now = std::chrono::system_clock::time_point(1700000000s);  // 2023
  CHECK(parse_retry_after("Sunday, 06-Nov-94 08:49:47 GMT", now) == 0s);
  CHECK(parse_retry_after("Monday, 06-Nov-30 08:49:47 GMT", now) == 24h);
}
