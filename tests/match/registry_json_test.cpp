#include "match/registry_json.hpp"

#include "base/iso8601.hpp"
#include "hookline/event_matcher.hpp"
#include "match/sample_webhook.hpp"

using namespace hookline;
using namespace hookline::test;
using Catch::Contains;
using Catch::StartsWith;

namespace {

constexpr const char* kSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

std::string document(const std::string& webhooks) {
  return R"({"version":1,"webhooks":[)" + webhooks + "]}";
}

/// A document with one webhook and these members beside what it needs.
std::string with_members(const std::string& members) {
  return document(R"({"id":"a","url":"https://hooks.acme.com/","import_identifiers":["x"],)" +
                  members + "}");
}

/// Refused, with this at the beginning of the message, and nothing changed.
void check_refused(const std::string& json, const std::string& beginning) {
  CAPTURE(json.substr(0, 300));
  WebhookRegistry registry;
  value_of(registry.add(sample_webhook("kept")));
  const auto report = registry.load_json(json);
  REQUIRE_FALSE(report);
  CHECK(report.error().code == ErrorCode::invalid_registry_document);
  CHECK_THAT(report.error().message, StartsWith(beginning));
  CHECK(registry.size() == 1);
}

void check_member(const std::string& members, const std::string& place) {
  check_refused(with_members(members), "webhooks[0]." + place);
}

Webhook full_webhook() {
  Webhook webhook = sample_webhook("full", "caf\xc3\xa9 \"quoted\" \\ \x01");
  webhook.tenant = "acme";
  webhook.description = "line\nline";
  webhook.development_mode = true;
  webhook.saved_schema_ids = {"s1", "s2"};
  webhook.events = {Event::headless_import_failed, Event::import_completed};
  webhook.headers = {{"X-A", "1"}, {"X-B", ""}};
  webhook.basic_auth = BasicCredentials{"user", Secret("pass\"word")};
  webhook.secrets = {Secret(kSecret)};
  webhook.max_in_flight = 3;
  using std::chrono::milliseconds;
  webhook.retry_schedule = {{milliseconds(0), milliseconds(250), milliseconds(1001),
                             milliseconds(5000), milliseconds(604'800'000)}};
  webhook.state = WebhookState::disabled;
  webhook.disabled_reason = "moving";
  return webhook;
}

}  // namespace

TEST_CASE("A document that was saved and loaded is saved as the same bytes") {
  WebhookRegistry registry;
  value_of(registry.add(full_webhook()));
  Webhook bearer = sample_webhook("b");
  bearer.bearer_token = Secret("token");
  bearer.import_identifiers.clear();
  bearer.all_imports = true;
  bearer.state = WebhookState::paused;
  value_of(registry.add(bearer));
  for (const char* id : {"z", "c"}) value_of(registry.add(sample_webhook(id)));

  const std::string saved = registry.to_json(Secrets::revealed);
  WebhookRegistry other;
  const RegistryLoadReport report = value_of(other.load_json(saved));
  CHECK(report.loaded == 4);
  CHECK(report.disabled.empty());
  CHECK(other.to_json(Secrets::revealed) == saved);
  value_of(registry.load_json(saved));
  CHECK(registry.to_json(Secrets::revealed) == saved);
}

TEST_CASE("Every member comes back as it was") {
  WebhookRegistry registry;
  const Webhook stored = value_of(registry.add(full_webhook()));
  WebhookRegistry other;
  value_of(other.load_json(registry.to_json(Secrets::revealed)));
  const Webhook loaded = *other.find("full");
  CHECK(loaded.tenant == stored.tenant);
  CHECK(loaded.url == stored.url);
  CHECK(loaded.description == stored.description);
  CHECK(loaded.development_mode);
  CHECK(loaded.import_identifiers == stored.import_identifiers);
  CHECK(loaded.saved_schema_ids == stored.saved_schema_ids);
  CHECK(loaded.events == stored.events);
  CHECK(loaded.headers[1].name == "X-B");
  CHECK(loaded.basic_auth->username == "user");
  CHECK(loaded.basic_auth->password == Secret("pass\"word"));
  CHECK(loaded.secrets == stored.secrets);
  CHECK(loaded.max_in_flight == stored.max_in_flight);
  CHECK(loaded.retry_schedule == stored.retry_schedule);
  CHECK(loaded.state == WebhookState::disabled);
  CHECK(loaded.disabled_reason == "moving");
  CHECK(loaded.created_at == stored.created_at);
  CHECK(loaded.updated_at == stored.updated_at);
  CHECK(loaded.revision == 1);
}

TEST_CASE("The saved form is what the documentation of the format says") {
  WebhookRegistry registry;
  CHECK(registry.to_json() == R"({"version":1,"webhooks":[]})");
  const std::string saved =
      R"({"version":1,"webhooks":[{"id":"a","url":"https://hooks.acme.com/","development_mode":false,)"
      R"("import_identifiers":["x"],"headers":[{"name":"X-A","value":"1"}],)"
      R"("retry_schedule":[0,0.25,5],"state":"enabled","created_at":"2024-04-24T17:20:14.659349Z",)"
      R"("updated_at":"2024-04-25T00:00:00.000000Z","revision":7}]})";
  value_of(registry.load_json(saved));
  CHECK(registry.to_json() == saved);
}

TEST_CASE("A document written by hand needs a URL and a trigger only") {
  WebhookRegistry registry;
  const auto report = value_of(registry.load_json(
      document(R"({"url":"https://hooks.acme.com/","import_identifiers":["contacts"]})")));
  CHECK(report.loaded == 1);
  CHECK(report.disabled.empty());
  const auto found = registry.candidates(sample_import());
  REQUIRE(found.size() == 1);
  CHECK(found[0]->id.substr(0, 3) == "wh_");
  CHECK(found[0]->revision == 1);
  CHECK(found[0]->created_at.time_since_epoch().count() > 0);
}

TEST_CASE("Loading again what left out its history changes nothing") {
  WebhookRegistry registry;
  const std::string json = with_members(R"("description":"one")");
  value_of(registry.load_json(json));
  const auto first = registry.get("a");
  value_of(registry.load_json(json));
  CHECK(registry.get("a") == first);
  value_of(registry.load_json(with_members(R"("description":"two")")));
  CHECK(registry.get("a")->revision == 2);
  CHECK(registry.get("a")->created_at == first->created_at);
}

TEST_CASE("A load does not turn a revision back") {
  WebhookRegistry registry;
  Webhook webhook = value_of(registry.add(sample_webhook("a")));
  const std::string old = registry.to_json();
  webhook = value_of(registry.update(webhook));
  value_of(registry.load_json(old));
  CHECK(registry.find("a")->revision == 3);
  const auto late = registry.update(webhook);
  REQUIRE_FALSE(late);
  CHECK(late.error().code == ErrorCode::revision_conflict);
}

TEST_CASE("Secrets are left out unless they are asked for, and then loading is refused") {
  WebhookRegistry registry;
  value_of(registry.add(full_webhook()));
  const std::string redacted = registry.to_json();
  CHECK_THAT(redacted, !Contains("whsec_") && !Contains("pass\\"));
  CHECK_THAT(redacted, Contains(R"("secrets":["[redacted]"])"));
  CHECK_THAT(redacted, Contains(R"({"username":"user","password":"[redacted]"})"));
  check_refused(redacted, "webhooks[0].basic_auth.password: was left out");
  check_member(R"("secrets":[")" + std::string(kSecret) + R"(","[redacted]"])",
               "secrets[1]: was left out");
  check_member(R"("bearer_token":"[redacted]")", "bearer_token: was left out");
}

TEST_CASE("A webhook that a rule refuses today is loaded as disabled, with the reason") {
  WebhookRegistry registry;
  const auto report = value_of(registry.load_json(
      document(R"({"id":"good","url":"https://hooks.acme.com/","import_identifiers":["x"]},)"
               R"({"id":"refused","url":"https://10.0.0.1/","import_identifiers":["x"]},)"
               R"({"id":"never","url":"https://hooks.acme.com/"},)"
               R"({"id":"header","url":"https://hooks.acme.com/","import_identifiers":["x"],)"
               R"("headers":[{"name":"x-a","value":"a\r\nb: c"}],"secrets":["whsec_x"]},)"
               R"({"id":"off","url":"ftp://x/","import_identifiers":["x"],"state":"disabled",)"
               R"("disabled_reason":"its own"})")));
  CHECK(report.loaded == 5);
  REQUIRE(report.disabled.size() == 4);
  CHECK_THAT(report.disabled[0], StartsWith("refused: url: "));
  CHECK_THAT(report.disabled[1], StartsWith("never: import_identifiers: "));
  CHECK_THAT(report.disabled[2],
             StartsWith("header: headers[0].value: ") && Contains("; secrets[0]: "));
  CHECK_THAT(report.disabled[3], StartsWith("off: url: "));

  CHECK(ids_of(value_of(EventMatcher(registry).match(sample_import("x"))).webhooks) == Ids{"good"});
  CHECK(registry.find("refused")->url == "https://10.0.0.1/");
  CHECK(registry.find("refused")->state == WebhookState::disabled);
  CHECK("refused: " + registry.find("refused")->disabled_reason == report.disabled[0]);
  CHECK(registry.find("off")->disabled_reason == "its own");

  const std::string saved = registry.to_json(Secrets::revealed);
  WebhookRegistry other;
  CHECK(value_of(other.load_json(saved)).disabled.size() == 4);
  CHECK(other.to_json(Secrets::revealed) == saved);
}

TEST_CASE("What is not one JSON document is refused with its place") {
  check_refused("", "the document: is not JSON from byte 0");
  check_refused("{", "the document: is not JSON from byte 1");
  check_refused(document("").substr(0, 20), "the document: is not JSON");
  check_refused(document("") + "x", "the document: is not JSON from byte 27");
  check_refused(document("") + document(""), "the document: is not JSON from byte 27");
  check_refused("\xef\xbb\xbf" + document(""), "the document: begins with a byte order mark");
  check_refused(document("") + std::string(1, '\0'), "the document: holds a NUL at byte 27");
  check_refused(std::string("{\0", 2), "the document: holds a NUL at byte 1");
  check_refused(with_members("\"description\":\"\xff\""), "the document: is not JSON");
  check_refused(with_members(R"("description":"\ud800")"), "the document: is not JSON");
  check_refused(std::string(1'000'000, '['), "the document: is not JSON");
  check_refused(std::string(100'000, '[') + std::string(100'000, ']'),
                "the document: must be an object");
}

TEST_CASE("Half a surrogate pair and a NUL are refused where they stand") {
  check_member(R"("description":"\udc00")", "description: holds half a surrogate");
  check_member(R"("tenant":"a\u0000b")", "tenant: holds a NUL");
  check_member(R"("saved_schema_ids":["a","\udfff"])", "saved_schema_ids[1]: holds half");
}

TEST_CASE("Another version is refused before anything else") {
  check_refused(R"({"webhooks":[]})", "version: is missing");
  check_refused(R"({"version":2,"more":1})", "version: 2 is not known");
  check_refused(R"({"version":"1","webhooks":[]})", "version: must be a whole number");
  check_refused(R"({"version":1})", "webhooks: is missing");
  check_refused(R"([])", "the document: must be an object");
  check_refused("null", "the document: must be an object");
}

TEST_CASE("An unknown member is refused, with the name that was probably meant") {
  check_refused(document(R"({"urll":"x"})"), "webhooks[0].urll: unknown member; did you mean url?");
  check_member(R"("import_identifer":["x"])",
               "import_identifer: unknown member; did you mean import_identifiers?");
  check_member(R"("xyz":1)", "xyz: unknown member; take it out");
  check_member("\"a\\u001bb\":1", "a\\x1bb: unknown member");
  check_member(R"("headers":[{"name":"a","value":"b","valeu":"c"}])",
               "headers[0].valeu: unknown member; did you mean value?");
  check_refused(R"({"version":1,"webhooks":[],"webhoks":[]})",
                "webhoks: unknown member; did you mean webhooks?");
}

TEST_CASE("A member or an id that stands twice is refused") {
  check_member(R"("tenant":"a","tenant":"a")", "tenant: stands twice");
  check_refused(R"({"version":1,"version":1,"webhooks":[]})", "version: stands twice");
  check_refused(document(R"({"id":"a","url":"x"},{"id":"b","url":"x"},{"id":"a","url":"x"})"),
                "webhooks[2].id: a stands already at webhooks[0]");
}

TEST_CASE("What is missing or of another type is refused where it stands") {
  check_refused(document(R"({"import_identifiers":["x"]})"), "webhooks[0].url: is missing");
  check_refused(document("[]"), "webhooks[0]: must be an object");
  check_refused(R"({"version":1,"webhooks":{}})", "webhooks: must be an array");
  check_refused(document(R"({"id":"a.b","url":"x"})"), "webhooks[0].id: \"a.b\" is not");
  check_refused(document(R"({"id":1,"url":"x"})"), "webhooks[0].id: must be a text");
  check_member(R"("tenant":null)", "tenant: must be a text");
  check_member(R"("development_mode":1)", "development_mode: must be true or false");
  check_member(R"("saved_schema_ids":"x")", "saved_schema_ids: must be an array");
  check_member(R"("saved_schema_ids":["x",2])", "saved_schema_ids[1]: must be a text");
  check_member(R"("events":["import_complete"])", "events[0]: \"import_complete\" is not");
  check_member(R"("headers":{"a":"b"})", "headers: must be an array");
  check_member(R"("headers":[{"name":"a"}])", "headers[0].value: is missing");
  check_member(R"("basic_auth":{"username":"a"})", "basic_auth.password: is missing");
  check_member(R"("basic_auth":"a:b")", "basic_auth: must be an object");
  check_member(R"("bearer_token":7)", "bearer_token: must be a text");
  check_member(R"("max_in_flight":1.5)", "max_in_flight: must be a whole number");
  check_member(R"("max_in_flight":-1)", "max_in_flight: must be a whole number");
  check_member(R"("max_in_flight":4294967296)", "max_in_flight: must be a whole number");
  check_member(R"("retry_schedule":["5s"])", "retry_schedule[0]: must be a number of seconds");
  check_member(R"("retry_schedule":[1e300])", "retry_schedule[0]: must be a number of seconds");
  check_member(R"("retry_schedule":[0,0.0005])", "retry_schedule[1]: has more than three");
  check_member(R"("state":"on")", "state: \"on\" is not");
  check_member(R"("revision":0)", "revision: must be a whole number from 1");
  check_member(R"("revision":9007199254740993)", "revision: must be a whole number from 1");
  for (const char* time : {"2024-02-30T00:00:00Z", "2024-04-24 17:20:14Z", "2024-04-24T17:20:14",
                           "2024-04-24T24:00:00Z", "1969-12-31T23:59:59Z", "2024-04-24T17:20:14.Z",
                           "2024-04-24T17:20:14.1234567Z", "2024-04-24T17:20:14ZZ", ""}) {
    check_member(R"("created_at":")" + std::string(time) + "\"", "created_at: ");
  }
}

TEST_CASE("An error about a secret does not show it") {
  WebhookRegistry registry;
  const auto unknown = registry.load_json(with_members(R"("secrets":["hush-hush",1])"));
  REQUIRE_FALSE(unknown);
  CHECK_THAT(unknown.error().message, !Contains("hush"));
  const auto report = value_of(registry.load_json(with_members(R"("secrets":["hush-hush"])")));
  REQUIRE(report.disabled.size() == 1);
  CHECK_THAT(report.disabled[0], !Contains("hush"));
}

TEST_CASE("Times survive the round trip, leap days and the ends of years too") {
  for (const char* text : {"1970-01-01T00:00:00.000000Z", "2000-02-29T23:59:59.999999Z",
                           "2024-12-31T23:59:59.000001Z", "2199-12-31T00:00:00.100000Z"}) {
    const auto time = detail::from_iso8601(text);
    REQUIRE(time);
    CHECK(detail::to_iso8601(*time) == text);
  }
  CHECK(detail::from_iso8601("1970-01-02T00:00:01.5Z") ==
        std::chrono::microseconds(86'401'500'000));
}
