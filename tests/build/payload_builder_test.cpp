#include "hookline/payload_builder.hpp"

#include <clocale>
#include <locale>

#include "base/iso8601.hpp"
#include "sample_import.hpp"

namespace hookline {
namespace {

using Catch::Matchers::Contains;
using std::chrono::microseconds;
using std::chrono::system_clock;

std::string managed(const Import& import) {
  const auto body = PayloadBuilder().managed(import);
  if (!body) FAIL(body.error().message);
  return *body;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("The documented example is built byte for byte") {
  CHECK(managed(embedded_import()) ==
        R"({"event":"import_completed","data":{"id":"025f399f-4370-4064-aed5-b8d16b597183",)"
        R"("filename":"contacts.csv","user":{"id":"user-123","name":"Jasmine Clark",)"
        R"("email":"jclark@acme.com","company_id":null,"company_name":null},)"
        R"("created_date":"2024-04-24T17:20:14.659349Z","import_type":"EMBEDDED",)"
        R"("status":"SUCCESSFUL","num_data_rows":433,"development_mode":false,"has_data":true}})");
}

TEST_CASE("Each event carries its name, its status and the document") {
  Import import = headless_import(R"({"id":"h1"})");
  CHECK(managed(import) ==
        R"({"event":"import_completed","data":{"id":"025f399f-4370-4064-aed5-b8d16b597183",)"
        R"("filename":"contacts.csv","user":{"id":"user-123","name":"Jasmine Clark",)"
        R"("email":"jclark@acme.com","company_id":null,"company_name":null},)"
        R"("created_date":"2024-04-24T17:20:14.659349Z","import_type":"HEADLESS",)"
        R"("status":"SUCCESSFUL","num_data_rows":433,"development_mode":false,"has_data":true,)"
        R"("headless":{"id":"h1"}}})");

  import.status = ImportStatus::needs_review;
  CHECK(contains(managed(import), R"({"event":"headless_import_needs_review",)"));
  CHECK(contains(managed(import), R"("status":"NEEDS_REVIEW")"));
  CHECK(contains(managed(import), R"("headless":{"id":"h1"}}})"));

  import.status = ImportStatus::failed;
  CHECK(contains(managed(import), R"({"event":"headless_import_failed",)"));
  CHECK(contains(managed(import), R"("status":"FAILED")"));
  CHECK(contains(managed(import), R"("headless":{"id":"h1"}}})"));
}

TEST_CASE("What is absent is null and never left out") {
  Import import = embedded_import();
  import.filename.reset();
  import.user.reset();
  CHECK(contains(managed(import), R"("filename":null,"user":null,"created_date":)"));

  import.user = User{};
  CHECK(contains(managed(import), R"("user":{"id":null,"name":null,"email":null,"company_id":null,)"
                                  R"("company_name":null},)"));

  import.user = User{"", "", "", "c", "n"};
  CHECK(contains(managed(import),
                 R"("user":{"id":"","name":"","email":"","company_id":"c","company_name":"n"},)"));
}

TEST_CASE("Numbers and flags are sent as they are") {
  Import import = embedded_import();
  import.num_data_rows = std::numeric_limits<std::uint64_t>::max();
  import.development_mode = true;
  import.has_data = false;
  CHECK(contains(managed(import), R"("num_data_rows":18446744073709551615,)"
                                  R"("development_mode":true,"has_data":false}})"));
}

TEST_CASE("What an import is matched on is never sent") {
  Import import = embedded_import();
  import.tenant = "canary-tenant";
  import.import_identifier = "canary-identifier";
  import.saved_schema_id = "canary-schema";
  import.webhook_url = "https://canary.example";
  CHECK_FALSE(contains(managed(import), "canary"));
  CHECK_FALSE(contains(PayloadBuilder().basic(import).value(), "canary"));
}

TEST_CASE("An import without an id is refused by every kind of body") {
  Import import = embedded_import();
  import.id.clear();
  const PayloadBuilder builder;
  CHECK_THAT(refusal(builder.managed(import), ErrorCode::invalid_import), Contains("id"));
  CHECK_THAT(refusal(builder.managed_without_headless(import), ErrorCode::invalid_import),
             Contains("id"));
  CHECK_THAT(refusal(builder.basic(import), ErrorCode::invalid_import), Contains("id"));
}

TEST_CASE("A state without an event is refused and named") {
  const auto refused = [](ImportType type, ImportStatus status) {
    Import import = type == ImportType::headless ? headless_import("{}") : embedded_import();
    import.status = status;
    const PayloadBuilder builder;
    const std::string name(to_string(status));
    CHECK_THAT(refusal(builder.managed(import), ErrorCode::no_event_for_state), Contains(name));
    CHECK_THAT(refusal(builder.managed_without_headless(import), ErrorCode::no_event_for_state),
               Contains(name));
    CHECK_THAT(refusal(builder.basic(import), ErrorCode::no_event_for_state), Contains(name));
  };
  for (const auto status :
       {ImportStatus::awaiting_upload, ImportStatus::pending, ImportStatus::running}) {
    refused(ImportType::embedded, status);
    refused(ImportType::headless, status);
  }
  refused(ImportType::embedded, ImportStatus::needs_review);
  refused(ImportType::embedded, ImportStatus::failed);
}

TEST_CASE("A document is required of headless imports and refused on embedded ones") {
  Import import = headless_import("{}");
  import.headless.reset();
  CHECK_THAT(refusal(PayloadBuilder().managed(import), ErrorCode::invalid_headless),
             Catch::StartsWith("headless: "));

  import = embedded_import();
  import.headless = "{}";
  CHECK_THAT(refusal(PayloadBuilder().managed(import), ErrorCode::invalid_headless),
             Catch::StartsWith("headless: "));
}

TEST_CASE("Without the document a headless import says null whatever it holds") {
  const PayloadBuilder builder;
  Import import = headless_import(R"({"review_url":"https://canary.example")");
  const std::string expected = R"("has_data":true,"headless":null}})";
  CHECK_THAT(builder.managed_without_headless(import).value(), Catch::EndsWith(expected));
  import.headless = repeated(2'000'000, "x");
  CHECK_THAT(builder.managed_without_headless(import).value(), Catch::EndsWith(expected));
  import.headless.reset();
  CHECK_THAT(builder.managed_without_headless(import).value(), Catch::EndsWith(expected));
  CHECK(builder.managed_without_headless(embedded_import()).value() == managed(embedded_import()));
}

TEST_CASE("Text that is not UTF-8 is repaired wherever it is sent") {
  struct Case {
    std::string raw;
    std::string sent;
  };
  const std::string r = "\xef\xbf\xbd";
  const auto [raw, sent] = GENERATE_REF(values<Case>({
      {"caf\xe9.csv", "caf" + r + ".csv"},
      {"\xff", r},
      {"\xc0\xaf", r + r},
      {"\xe2\x82", r},
      {"\xe2\x82x", r + "x"},
      {"\xed\xa0\x80", r + r + r},
      {"\xf4\x90\x80\x80", r + r + r + r},
      {"\xf0\x9f\x98", r},
      {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
      {"\x80\x80", r + r},
  }));
  Import import = embedded_import();
  import.id = import.filename.emplace(raw);
  import.user = User{raw, raw, raw, raw, raw};
  const std::string text = '"' + sent + '"';
  CHECK(contains(managed(import), "\"id\":" + text + ",\"filename\":" + text +
                                      ",\"user\":{\"id\":" + text + ",\"name\":" + text +
                                      ",\"email\":" + text + ",\"company_id\":" + text +
                                      ",\"company_name\":" + text + "}"));
}

TEST_CASE("A broken byte is repaired wherever it stands in a long text") {
  const std::string whole = "0123456789abcdef\xc3\xbc\xe2\x82\xac-0123456789abcdef";
  Import import = embedded_import();
  for (std::size_t place = 0; place <= 16; ++place) {
    import.filename = whole;
    import.filename->insert(place, 1, '\xff');
    const std::string sent = whole.substr(0, place) + "\xef\xbf\xbd" + whole.substr(place);
    CHECK(contains(managed(import), "\"filename\":\"" + sent + "\""));
  }
}

TEST_CASE("Text is escaped as JSON asks and no further") {
  Import import = embedded_import();
  import.filename = std::string("\"\\/\b\f\n\r\t\x01\x1f\x7f\0<'\xe2\x80\xa8", 17);
  CHECK(
      contains(managed(import),
               "\"filename\":\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001F\x7f\\u0000<'\xe2\x80\xa8\""));
}

TEST_CASE("The time of an import is sent in UTC with six digits of microseconds") {
  struct Case {
    std::int64_t micros;
    std::string text;
  };
  const auto [micros, text] = GENERATE(values<Case>({
      {0, "1970-01-01T00:00:00.000000Z"},
      {1, "1970-01-01T00:00:00.000001Z"},
      {-1, "1969-12-31T23:59:59.999999Z"},
      {-86'400'000'000, "1969-12-31T00:00:00.000000Z"},
      {-86'400'000'001, "1969-12-30T23:59:59.999999Z"},
      {951'782'400'000'000, "2000-02-29T00:00:00.000000Z"},
      {951'868'799'999'999, "2000-02-29T23:59:59.999999Z"},
      {951'868'800'000'000, "2000-03-01T00:00:00.000000Z"},
      {4'107'542'400'000'000, "2100-03-01T00:00:00.000000Z"},
      {4'107'542'399'000'000, "2100-02-28T23:59:59.000000Z"},
      {1'735'689'599'000'001, "2024-12-31T23:59:59.000001Z"},
      {1'735'689'600'000'000, "2025-01-01T00:00:00.000000Z"},
      {1'483'228'800'000'000, "2017-01-01T00:00:00.000000Z"},
      {-2'203'977'600'000'000, "1900-02-28T00:00:00.000000Z"},
      {-2'203'891'200'000'000, "1900-03-01T00:00:00.000000Z"},
  }));
  Import import = embedded_import();
  import.created_date = system_clock::time_point(microseconds(micros));
  CHECK(contains(managed(import), "\"created_date\":\"" + text + "\""));
}

TEST_CASE("Times finer than a microsecond are cut, before 1970 too") {
  Import import = embedded_import();
  import.created_date = system_clock::time_point::min();
  CHECK(contains(managed(import), "1677-09-21T00:12:43.145224Z"));
  import.created_date = system_clock::time_point::max();
  CHECK(contains(managed(import), "2262-04-11T23:47:16.854775Z"));
  import.created_date = system_clock::time_point(std::chrono::nanoseconds(-1));
  CHECK(contains(managed(import), "1969-12-31T23:59:59.999999Z"));
}

TEST_CASE("Years of other than four digits have no text") {
  constexpr std::int64_t kDay = 86'400'000'000;
  CHECK(detail::to_iso8601(microseconds(-719'528 * kDay)) == "0000-01-01T00:00:00.000000Z");
  CHECK(detail::to_iso8601(microseconds(-719'528 * kDay - 1)) == std::nullopt);
  CHECK(detail::to_iso8601(microseconds(2'932'897 * kDay - 1)) == "9999-12-31T23:59:59.999999Z");
  CHECK(detail::to_iso8601(microseconds(2'932'897 * kDay)) == std::nullopt);
  CHECK(detail::to_iso8601(microseconds::max()) == std::nullopt);
  CHECK(detail::to_iso8601(microseconds::min()) == std::nullopt);
}

struct Grouping : std::numpunct<char> {
  char do_thousands_sep() const override { return '.'; }
  char do_decimal_point() const override { return ','; }
  std::string do_grouping() const override { return "\3"; }
};

TEST_CASE("Bodies do not depend on the locale or the time zone") {
  Import import = headless_import(R"({"n":1234567.5})");
  import.num_data_rows = 1'234'567;
  const std::string before = managed(import);

  const std::locale old = std::locale::global(std::locale(std::locale(), new Grouping));
  const std::string c_locale = std::setlocale(LC_ALL, nullptr);
  for (const char* name : {"de_DE.UTF-8", "fr_FR.UTF-8", "C.UTF-8"}) std::setlocale(LC_ALL, name);
  const char* zone = std::getenv("TZ");
  const std::string old_zone = zone == nullptr ? "" : zone;
  setenv("TZ", "right/America/New_York", 1);
  tzset();
  const std::string after = managed(import);
  zone == nullptr ? unsetenv("TZ") : setenv("TZ", old_zone.c_str(), 1);
  tzset();
  std::setlocale(LC_ALL, c_locale.c_str());
  std::locale::global(old);

  CHECK(after == before);
  CHECK(contains(after, "\"num_data_rows\":1234567,"));
}

TEST_CASE("A body may be as long as its limit and no longer") {
  PayloadOptions options;
  options.max_headless_bytes = 100;
  options.max_envelope_bytes = 400;
  Import import = embedded_import();
  const auto length = [&import] { return PayloadBuilder().managed(import).value().size(); };
  import.filename->append(500 - length(), 'x');
  REQUIRE(length() == 500);
  CHECK(PayloadBuilder(options).managed(import).has_value());

  *import.filename += 'x';
  const PayloadBuilder builder(options);
  CHECK_THAT(refusal(builder.managed(import), ErrorCode::body_too_large), Contains("500"));
  refusal(builder.managed_without_headless(import), ErrorCode::body_too_large);
}

TEST_CASE("The limit of a basic body counts nothing but that body") {
  PayloadOptions options;
  options.max_headless_bytes = 0;
  options.max_envelope_bytes = 500;
  const PayloadBuilder builder(options);
  Import import = embedded_import();
  import.filename = repeated(1000, "x");
  import.id = repeated(491, "x");
  CHECK(builder.basic(import).value().size() == 500);
  import.id += 'x';
  refusal(builder.basic(import), ErrorCode::body_too_large);
}

TEST_CASE("Escapes and repairs count towards the limit of a body") {
  PayloadOptions options;
  options.max_headless_bytes = 0;
  options.max_envelope_bytes = 1000;
  Import import = embedded_import();
  import.filename = repeated(150, "\x01");
  refusal(PayloadBuilder(options).managed(import), ErrorCode::body_too_large);
  import.filename = repeated(300, "\xff");
  refusal(PayloadBuilder(options).managed(import), ErrorCode::body_too_large);
}

TEST_CASE("Limits beyond any memory do not overflow") {
  PayloadOptions options;
  options.max_headless_bytes = std::numeric_limits<std::size_t>::max();
  options.max_envelope_bytes = std::numeric_limits<std::size_t>::max();
  options.max_headless_depth = std::numeric_limits<std::size_t>::max();
  CHECK(PayloadBuilder(options).managed(headless_import("{}")).has_value());
}

TEST_CASE("A document may be as long as its limit and no longer") {
  PayloadOptions options;
  options.max_headless_bytes = 20;
  CHECK(filtered("{\"a\":\"" + repeated(12, "x") + "\"}", options).has_value());
  const auto message = refusal(filtered("{\"a\":\"" + repeated(13, "x") + "\"}", options),
                               ErrorCode::body_too_large);
  CHECK_THAT(message, Contains("headless") && Contains("20"));
}

TEST_CASE("The basic body is the id, percent-encoded") {
  const auto basic = [](const std::string& id) {
    Import import = embedded_import();
    import.id = id;
    return PayloadBuilder().basic(import).value();
  };
  CHECK(basic("025f399f-4370-4064-aed5-b8d16b597183") ==
        "uploadId=025f399f-4370-4064-aed5-b8d16b597183");
  CHECK(basic("AZaz09-._~") == "uploadId=AZaz09-._~");
  CHECK(basic(" +&=%*/?#\"") == "uploadId=%20%2B%26%3D%25%2A%2F%3F%23%22");
  CHECK(basic("\xc3\xa9") == "uploadId=%C3%A9");
  CHECK(basic("\xe9") == "uploadId=%EF%BF%BD");
  CHECK(basic(std::string("a\0b\n", 4)) == "uploadId=a%00b%0A");
}

TEST_CASE("The basic body is for completed imports of either type, whatever the document") {
  const PayloadBuilder builder;
  Import import = headless_import("broken");
  CHECK(builder.basic(import).has_value());
  import.headless.reset();
  CHECK(builder.basic(import).has_value());
  import.status = ImportStatus::needs_review;
  CHECK_THAT(refusal(builder.basic(import), ErrorCode::no_event_for_state),
             Contains("NEEDS_REVIEW"));
  import.status = ImportStatus::failed;
  CHECK_THAT(refusal(builder.basic(import), ErrorCode::no_event_for_state), Contains("FAILED"));
}

}  // namespace
}  // namespace hookline
