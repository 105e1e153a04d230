#include "match/webhook_check.hpp"

#include <functional>

#include "base/http_rules.hpp"
#include "match/sample_webhook.hpp"

using namespace hookline;
using namespace hookline::test;
using Catch::Contains;
using Catch::StartsWith;

namespace {

constexpr const char* kSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

std::vector<std::string> faults_after(const std::function<void(Webhook&)>& change) {
  Webhook webhook = sample_webhook("a");
  change(webhook);
  return detail::faults_of(webhook, AddressPolicy());
}

/// Exactly one fault, of this field.
void check_fault(const std::string& field, const std::function<void(Webhook&)>& change) {
  const auto faults = faults_after(change);
  CAPTURE(field, faults);
  REQUIRE(faults.size() == 1);
  CHECK_THAT(faults[0], StartsWith(field + ": "));
}

void check_fine(const std::function<void(Webhook&)>& change) {
  CHECK(faults_after(change) == std::vector<std::string>{});
}

void check_header(const std::string& field, HttpHeader header) {
  CAPTURE(header.name);
  check_fault(field, [&](Webhook& webhook) { webhook.headers = {header}; });
}

}  // namespace

TEST_CASE("A webhook that uses everything properly has no fault") {
  check_fine([](Webhook& webhook) {
    webhook.tenant = "Acme \xc3\xa9";
    webhook.description = "two\nlines";
    webhook.saved_schema_ids = {"contacts", std::string(1024, 'x')};
    webhook.events = {Event::headless_import_failed, Event::import_completed};
    webhook.headers = {{"X-Api-Key", "a\tb c"}, {"x-empty", ""}, {"cookie", "a=b"}};
    webhook.basic_auth = BasicCredentials{"caf\xc3\xa9", Secret("p:w \xc3\xa9")};
    webhook.secrets = {Secret(kSecret)};
    webhook.max_in_flight = 1000;
    webhook.retry_schedule = {{std::chrono::hours(0), std::chrono::hours(24 * 7)}};
  });
  check_fine([](Webhook& webhook) { webhook.bearer_token = Secret("aZ09-._~+/=="); });
}

TEST_CASE("Each text that cannot be kept is a fault of its field") {
  check_fault("id", [](Webhook& w) { w.id = "a.b"; });
  check_fault("id", [](Webhook& w) { w.id = std::string(129, 'a'); });
  check_fault("tenant", [](Webhook& w) { w.tenant = "\xff"; });
  check_fault("tenant", [](Webhook& w) { w.tenant = std::string(257, 'a'); });
  check_fault("description", [](Webhook& w) { w.description = std::string(1, '\0'); });
  check_fault("description", [](Webhook& w) { w.description = std::string(4097, 'a'); });
  check_fault("disabled_reason", [](Webhook& w) { w.disabled_reason = "\xc3"; });
}

TEST_CASE("A URL that the policy refuses is a fault") {
  check_fault("url", [](Webhook& w) { w.url = "http://hooks.acme.com/"; });
  check_fault("url", [](Webhook& w) { w.url = "https://127.0.0.1/"; });
  check_fault("url", [](Webhook& w) { w.url.clear(); });
}

TEST_CASE("Triggers must be there, not twice, not empty, and UTF-8") {
  check_fault("import_identifiers", [](Webhook& w) { w.import_identifiers.clear(); });
  check_fault("all_imports", [](Webhook& w) { w.all_imports = true; });
  check_fault("import_identifiers[1]", [](Webhook& w) { w.import_identifiers = {"a", ""}; });
  check_fault("import_identifiers[2]", [](Webhook& w) { w.import_identifiers = {"a", "b", "a"}; });
  check_fault("saved_schema_ids[0]", [](Webhook& w) { w.saved_schema_ids = {"\xed\xa0\x80"}; });
  check_fault("saved_schema_ids[0]",
              [](Webhook& w) { w.saved_schema_ids = {std::string("a\0b", 3)}; });
  check_fault("saved_schema_ids[0]",
              [](Webhook& w) { w.saved_schema_ids = {std::string(1025, 'a')}; });
  check_fault("import_identifiers", [](Webhook& w) {
    for (int i = 0; i < 10'000; ++i) w.import_identifiers.push_back(std::to_string(i));
  });
  check_fine([](Webhook& w) {
    for (int i = 0; i < 9'999; ++i) w.import_identifiers.push_back(std::to_string(i));
  });
}

TEST_CASE("An event that stands twice in the filter is a fault") {
  check_fault("events[1]", [](Webhook& w) {
    w.events = {Event::headless_import_failed, Event::headless_import_failed};
  });
}

TEST_CASE("Headers that could change the message or a second one are faults") {
  for (const char* name : {"",
                           "a b",
                           "a:",
                           "a\r\nb",
                           "a\x01",
                           "\xc3\xa9",
                           "Host",
                           "TE",
                           "trailer",
                           "Connection",
                           "keep-alive",
                           "upgrade",
                           "expect",
                           "Transfer-Encoding",
                           "accept-encoding",
                           "user-agent",
                           "Content-Length",
                           "content-type",
                           "proxy-authorization",
                           "Webhook-Id",
                           "webhook-signature"}) {
    check_header("headers[0].name", {name, "x"});
  }
  check_header("headers[0].name", {std::string(257, 'a'), "x"});
  for (const char* value :
       {"a\r\nb: c", "a\nb", "a\rb", "\x01", "\x7f", "caf\xc3\xa9", " a", "a ", "\ta", "a\t"}) {
    check_header("headers[0].value", {"x-a", value});
  }
  check_header("headers[0].value", {"x-a", std::string("a\0b", 3)});
  check_header("headers[0].value", {"x-a", std::string(4097, 'a')});
}

TEST_CASE("Headers are limited in number and size, and no two have one name") {
  check_fault("headers[1]", [](Webhook& w) { w.headers = {{"X-A", "1"}, {"x-a", "2"}}; });
  check_fault("headers", [](Webhook& w) {
    for (int i = 0; i < 3; ++i)
      w.headers.push_back({"x-" + std::to_string(i), std::string(3000, 'a')});
  });
  check_fault("headers", [](Webhook& w) {
    for (int i = 0; i < 101; ++i) w.headers.push_back({"x-" + std::to_string(i), ""});
  });
}

TEST_CASE("Names that only begin like reserved ones are free") {
  for (const char* name : {"hostname", "x-content-type", "webhook", "content", "te2", "cookie"}) {
    CAPTURE(name);
    CHECK_FALSE(detail::is_reserved_header(name));
    CHECK_FALSE(detail::header_name_fault(name));
  }
}

TEST_CASE("Credentials that would break their header are faults") {
  const auto basic = [](std::string username, std::string password) {
    return [=](Webhook& w) { w.basic_auth = BasicCredentials{username, Secret(password)}; };
  };
  check_fault("basic_auth.username", basic("a:b", "c"));
  check_fault("basic_auth.username", basic("a\nb", "c"));
  check_fault("basic_auth.password", basic("a", "b\r\nc"));
  check_fault("basic_auth.password", basic("a", "\xff"));
  check_fault("basic_auth.password", basic("a", "[redacted]"));
  check_fault("basic_auth.password", basic("a", std::string(4097, 'a')));
  for (const char* token : {"", "=", "a b", "a=b", "Bearer x", "a\n", "\xc3\xa9", "a,b"}) {
    CAPTURE(token);
    check_fault("bearer_token", [&](Webhook& w) { w.bearer_token = Secret(token); });
  }
  check_fault("basic_auth", [](Webhook& w) {
    w.basic_auth = BasicCredentials{"a", Secret("b")};
    w.bearer_token = Secret("c");
  });
}

TEST_CASE("An authorization header is fine until credentials want its place") {
  check_fine([](Webhook& w) { w.headers = {{"Authorization", "Key x"}}; });
  check_fault("headers[0].name", [](Webhook& w) {
    w.headers = {{"Authorization", "Key x"}};
    w.bearer_token = Secret("c");
  });
}

TEST_CASE("Each secret is checked, and none is shown") {
  const std::string hidden = "bm90LWxvbmctZW5vdWdo";
  const auto faults = faults_after([&](Webhook& w) {
    w.secrets = {Secret("whsec_" + hidden), Secret(kSecret), Secret("nonsense-" + hidden),
                 Secret(kSecret), Secret()};
  });
  REQUIRE(faults.size() == 4);
  CHECK_THAT(faults[0], StartsWith("secrets[0]: its key"));
  CHECK_THAT(faults[1], StartsWith("secrets[2]: it must"));
  CHECK_THAT(faults[2], StartsWith("secrets[3]: stands already at secrets[1]"));
  CHECK_THAT(faults[3], StartsWith("secrets[4]: "));
  for (const auto& fault : faults) CHECK_THAT(fault, !Contains(hidden));
  check_fault("secrets", [](Webhook& w) { w.secrets.assign(11, Secret(kSecret)); });
}

TEST_CASE("Limits out of bounds are faults") {
  using std::chrono::milliseconds;
  check_fault("max_in_flight", [](Webhook& w) { w.max_in_flight = 0; });
  check_fault("max_in_flight", [](Webhook& w) { w.max_in_flight = 1001; });
  check_fault("retry_schedule", [](Webhook& w) { w.retry_schedule.emplace(); });
  check_fault("retry_schedule", [](Webhook& w) { w.retry_schedule.emplace(51); });
  check_fault("retry_schedule[1]", [](Webhook& w) {
    w.retry_schedule = {{milliseconds(0), milliseconds(-1)}};
  });
  check_fault("retry_schedule[0]",
              [](Webhook& w) { w.retry_schedule = {{milliseconds(7 * 86'400'000 + 1)}}; });
}

TEST_CASE("Add and update answer with every fault at once") {
  WebhookRegistry registry;
  Webhook webhook = value_of(registry.add(sample_webhook("a")));
  webhook.url = "ftp://x";
  webhook.import_identifiers.clear();
  webhook.headers = {{"host", "x"}, {"x-a", "1"}, {"x-b", "\n"}};
  webhook.max_in_flight = 0;
  const auto updated = registry.update(webhook);
  REQUIRE_FALSE(updated);
  CHECK(updated.error().code == ErrorCode::invalid_webhook);
  CHECK_THAT(updated.error().message, StartsWith("url: ") && Contains("; import_identifiers: ") &&
                                          Contains("; headers[0].name: ") &&
                                          Contains("; headers[2].value: ") &&
                                          Contains("; max_in_flight: "));
  webhook.id = "b";
  const auto added = registry.add(webhook);
  REQUIRE_FALSE(added);
  CHECK(added.error().message == updated.error().message);
  CHECK(registry.size() == 1);
}

TEST_CASE("A flood of faults is cut short") {
  const auto faults = faults_after([](Webhook& w) {
    w.import_identifiers.assign(1, "\xff"), w.saved_schema_ids.assign(200, "\xff");
  });
  CHECK_THAT(detail::joined(faults), Catch::EndsWith(" more"));
  CHECK(detail::joined(faults).size() < 10'000);
}

TEST_CASE("A reason from wherever is repaired and cut between characters") {
  CHECK(detail::fit_reason(std::string("a\xff"
                                       "b\0c",
                                       5)) ==
        "a\xef\xbf\xbd"
        "b\xef\xbf\xbd"
        "c");
  const std::string cut = detail::fit_reason("x" + std::string(5000, '\xff'));
  CHECK(cut.size() == detail::kMaxReason - (detail::kMaxReason - 1) % 3);
  CHECK_FALSE(detail::text_fault(cut, detail::kMaxReason));
}
