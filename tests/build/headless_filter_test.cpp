#include "sample_import.hpp"

namespace hookline {
namespace {

using Catch::Matchers::Contains;
using Catch::Matchers::EndsWith;

std::string sent(const std::string& document, const PayloadOptions& options = {}) {
  const auto result = filtered(document, options);
  if (!result) FAIL(result.error().message);
  return *result;
}

std::string refused(const std::string& document, const PayloadOptions& options = {}) {
  return refusal(filtered(document, options), ErrorCode::invalid_headless);
}

PayloadOptions removing(std::vector<std::string> names) {
  PayloadOptions options;
  options.remove_members = std::move(names);
  return options;
}

TEST_CASE("Unknown members, order and digits stay") {
  const std::string document =
      R"({"z":1,"a":[1.0,-0,1e2,1E+2,0.1e-7,123456789012345678901234567890],"":{},"b":[[],null,true]})";
  CHECK(sent(document) == document);
}

TEST_CASE("Every spelling of a removed name is removed") {
  const auto name =
      GENERATE(as<std::string>(), "review_url", "reviewUrl", "REVIEW-URL", "R.e.v.i.e.w. .u.r.l",
               "_reviewurl_", R"(review\u005furl)", R"(\u0052eview_url)", "original_file_download",
               "OriginalFileDownload", "original file-download...");
  CHECK(sent("{\"a\":1,\"" + name + "\":\"x\",\"b\":2}") == R"({"a":1,"b":2})");
}

TEST_CASE("Names that only resemble a removed one stay") {
  const auto name = GENERATE(as<std::string>(), "review_url2", "xreview_url", "review", "reviewur",
                             "review/url", "review_url\xc2\xa0", "original_file_downloads", "___");
  const std::string document = "{\"" + name + "\":\"x\"}";
  CHECK(sent(document) == document);
}

TEST_CASE("Options remove more names, compared in the same way") {
  const auto options = removing({"Upload", "schema-id", "\xc3\xa9t\xc3\xa9"});
  CHECK(sent(R"({"upload":1,"UP_LOAD":2,"schemaId":3,"ét é":4,"review_url":5,"uploads":6})",
             options) == R"({"uploads":6})");
  CHECK(sent(R"({"upload":1})") == R"({"upload":1})");
  CHECK(sent(R"({"upload":"https://b.s3/k?sig=1","m":"at https://b.s3/k?sig=1!"})", options) ==
        R"({"m":"at [redacted]!"})");
}

TEST_CASE("A removed member may be anything and stand anywhere") {
  const auto value = GENERATE(as<std::string>(), "null", "true", "1e2", "\"text\"", "[]", "{}",
                              R"([[{"a":[1]}],"x"])", R"({"a":{"review_url":[]},"b":"x"})");
  INFO(value);
  const std::string member = "\"review_url\":" + value;
  CHECK(sent("{" + member + "}") == "{}");
  CHECK(sent("{" + member + ",\"a\":1}") == R"({"a":1})");
  CHECK(sent("{\"a\":1," + member + "}") == R"({"a":1})");
  CHECK(sent("{\"a\":1," + member + ",\"b\":[{" + member + "},2]," + member + "}") ==
        R"({"a":1,"b":[{},2]})");
}

TEST_CASE("A review link echoed before its member is redacted") {
  CHECK(sent(R"({"m":["see https://r/1234"],"review_url":"https://r/1234"})") ==
        R"({"m":["see [redacted]"]})");
}

TEST_CASE("A review link echoed in a name is redacted") {
  CHECK(sent(R"({"review_url":"https://r/1234","a https://r/1234 b":1})") ==
        R"({"a [redacted] b":1})");
}

TEST_CASE("A name that is removed is told before redaction") {
  CHECK(sent(R"({"original_file_download":"reviewurl","review_url":"x","a reviewurl":1})") ==
        R"({"a [redacted]":1})");
}

TEST_CASE("Echoes are found however either is escaped") {
  CHECK(sent(R"({"review_url":"a\/\"b\\\u00e9\n1","m":"<a/\u0022b\\é\u000a1>"})") ==
        R"({"m":"<[redacted]>"})");
  CHECK(sent(R"({"review_url":"a\u0000bcdefgh","m":"a\u0000bcdefgh"})") == R"({"m":"[redacted]"})");
  // What follows the backslash of an escape is not a text of its own.
  CHECK(sent(R"({"review_url":"nabcdefg","m":"\nabcdefg"})") == R"({"m":"\nabcdefg"})");
}

TEST_CASE("Texts of eight bytes are redacted and shorter ones are not") {
  CHECK(sent(R"({"review_url":"12345678","m":"12345678"})") == R"({"m":"[redacted]"})");
  CHECK(sent(R"({"review_url":"1234567","m":"1234567"})") == R"({"m":"1234567"})");
  CHECK(sent(R"({"review_url":"éééé","m":"éééé"})") == R"({"m":"[redacted]"})");
}

TEST_CASE("Only text that a removed member held itself is redacted") {
  CHECK(sent(R"({"review_url":["12345678"],"m":"12345678"})") == R"({"m":"12345678"})");
  CHECK(sent(R"({"review_url":{"a":"12345678"},"m":"12345678"})") == R"({"m":"12345678"})");
  CHECK(sent(R"({"review_url":12345678,"m":"12345678"})") == R"({"m":"12345678"})");
  CHECK(sent(R"({"a":[{"review_url":null},"12345678"],"m":"12345678"})") ==
        R"({"a":[{},"12345678"],"m":"12345678"})");
  CHECK(sent(R"({"a":[{"review_url":{}},"12345678"],"m":"12345678"})") ==
        R"({"a":[{},"12345678"],"m":"12345678"})");
  CHECK(sent(R"({"review_url":{"review_url":"12345678"},"m":"12345678"})") ==
        R"({"m":"[redacted]"})");
}

TEST_CASE("Only strings are redacted") {
  CHECK(sent(R"({"review_url":"12345678","n":[12345678,123456789],"m":"12345678"})") ==
        R"({"n":[12345678,123456789],"m":"[redacted]"})");
  CHECK(sent(R"({"review_url":"null,true","n":[null,true]})") == R"({"n":[null,true]})");
  CHECK(sent(R"({"review_url":"[redacted]","m":"a [redacted]"})") == R"({"m":"a [redacted]"})");
}

TEST_CASE("All echoes are redacted, wherever the next one stands") {
  CHECK(sent(R"({"a":"-12345678-12345678","b":["","x","12345678","y"],"c":{"12345678":"12345678"},)"
             R"("d":"\u001f12345678","review_url":"12345678","e":"12345678"})") ==
        R"({"a":"-[redacted]-[redacted]","b":["","x","[redacted]","y"],)"
        R"("c":{"[redacted]":"[redacted]"},"d":"\u001F[redacted]","e":"[redacted]"})");
  CHECK(sent(R"({"a":"-12345678-12345678","b":["","x","12345678","y"],"review_url":"12345678"})") ==
        R"({"a":"-[redacted]-[redacted]","b":["","x","[redacted]","y"]})");
}

TEST_CASE("Of several texts the leftmost is redacted, and of those the longest") {
  const std::string both = R"({"review_url":"abcdefgh","original_file_download":"abcdefghij",)";
  CHECK(sent(both + R"("m":"abcdefghij abcdefghi abcdefgh"})") ==
        R"({"m":"[redacted] [redacted]i [redacted]"})");
  const std::string overlapping =
      R"({"review_url":"abcdefgh","original_file_download":"efghijklmnop",)";
  CHECK(sent(overlapping + R"("m":"abcdefghijklmnop efghijklmnop"})") ==
        R"({"m":"[redacted]ijklmnop [redacted]"})");
  CHECK(sent(R"({"review_url":"abababab","m":"ababababab abababababababababx"})") ==
        R"({"m":"[redacted]ab [redacted][redacted]abx"})");
}

TEST_CASE("The first sixteen different texts are redacted") {
  std::string document = "{\"a\":[";
  for (int i = 10; i < 27; ++i) {
    const std::string member = "{\"review_url\":\"secret" + std::to_string(i) + "\"},";
    document += member + member;
  }
  document += "0],\"m\":\"secret10 secret25 secret26\"}";
  CHECK_THAT(sent(document), EndsWith(R"("m":"[redacted] [redacted] secret26"})"));
}

TEST_CASE("A redacted name that stands in its object already is a name twice") {
  CHECK_THAT(refused(R"({"review_url":"12345678","12345678":1,"[redacted]":2})"),
             Contains("twice") && EndsWith(" at offset 38"));
  CHECK(sent(R"({"review_url":"12345678","a":{"12345678":1},"b":{"[redacted]":2}})") ==
        R"({"a":{"[redacted]":1},"b":{"[redacted]":2}})");
}

TEST_CASE("A name twice in one object is refused at its second place") {
  CHECK_THAT(refused(R"({"a":1,"b":2,"a":3})"), Contains("twice") && EndsWith(" at offset 13"));
  CHECK_THAT(refused(R"({"a":1,"\u0061":3})"), EndsWith(" at offset 7"));
  CHECK_THAT(refused(R"({"x":[{"":1,"b":{"":2},"":3}]})"), EndsWith(" at offset 23"));
  CHECK(sent(R"({"a":{"a":1},"b":{"a":2},"c":[{"a":3},{"a":4}]})") ==
        R"({"a":{"a":1},"b":{"a":2},"c":[{"a":3},{"a":4}]})");
  CHECK(sent(R"({"review_url":{"a":1,"a":2},"a":3})") == R"({"a":3})");
}

TEST_CASE("A name twice is found among thousands") {
  std::string members;
  for (int i = 0; i < 15'000; ++i) members += "\"n" + std::to_string(i) + "\":0,";
  CHECK(filtered("{" + members + "\"z\":0}").has_value());
  const std::string twice = "{" + members + "\"n7777\":0}";
  CHECK_THAT(refused(twice), Contains("twice") && EndsWith(std::to_string(twice.size() - 10)));
}

TEST_CASE("Containers nest as deep as the limit and no deeper") {
  PayloadOptions options;
  options.max_headless_depth = 3;
  CHECK(sent(R"({"a":[{"b":1}]})", options) == R"({"a":[{"b":1}]})");
  CHECK_THAT(refused(R"({"a":[{"b":[]}]})", options),
             Contains("deeper than 3") && EndsWith(" at offset 11"));
  CHECK_THAT(refused(R"({"review_url":[{"b":{}}]})", options), Contains("deeper than 3"));
  CHECK(sent(R"({"review_url":[[]],"a":[[]],"b":[{}]})", options) == R"({"a":[[]],"b":[{}]})");
}

TEST_CASE("Members are counted in all objects, removed ones too") {
  PayloadOptions options;
  options.max_headless_members = 4;
  CHECK(filtered(R"({"a":{"b":1},"review_url":{"c":[1,2,3,4,5,6]}})", options).has_value());
  CHECK_THAT(refused(R"({"a":{"b":1},"review_url":{"c":1,"d":2}})", options),
             Contains("more than 4 members") && EndsWith(" at offset 33"));

  std::string members = "\"a\":0";
  for (int i = 1; i < 20'000; ++i) members += ",\"a" + std::to_string(i) + "\":0";
  CHECK(filtered("{" + members + "}").has_value());
  CHECK_THAT(refused("{" + members + ",\"b\":0}"), Contains("more than 20000 members"));
}

TEST_CASE("Faults are named with their offset") {
  struct Case {
    std::string document;
    std::string message;
  };
  const auto [document, message] = GENERATE(values<Case>({
      {"", "headless: not JSON at offset 0"},
      {"{", "headless: not JSON at offset 1"},
      {R"({"a":1,})", "headless: not JSON at offset 7"},
      {R"({"a":[1,]})", "headless: not JSON at offset 8"},
      {R"({"a" 1})", "headless: not JSON at offset 5"},
      {"{} x", "headless: not JSON at offset 3"},
      {" [1]", "headless: not an object at offset 1"},
      {" \"a\"", "headless: not an object at offset 1"},
      {"1", "headless: not an object at offset 0"},
      {"null", "headless: not an object at offset 0"},
      {"false", "headless: not an object at offset 0"},
      {"\xef\xbb\xbf{}", "headless: a byte order mark at offset 0"},
      {std::string("{}\0", 3), "headless: a NUL byte at offset 2"},
      {"{\"a\":\"x\xff\"}", "headless: not UTF-8 at offset 7"},
      {R"({"a":1,"b\u0000":2})", "headless: an escaped NUL in a name at offset 7"},
      {R"({"a":"x\udc00"})", "headless: a lone surrogate at offset 5"},
      {R"({"a":"x\ud800"})", "headless: a lone surrogate at offset 7"},
      {R"({"a\udfff":1})", "headless: a lone surrogate at offset 1"},
      {R"({"review_url":"\udc00"})", "headless: a lone surrogate at offset 14"},
      {R"({"review_url":{"\udc00":1}})", "headless: a lone surrogate at offset 15"},
      {R"({"a":[1,1e309]})", "headless: a number beyond double at offset 8"},
      {R"({"review_url":1e309})", "headless: a number beyond double at offset 14"},
  }));
  CHECK(refused(document) == message);
}

TEST_CASE("A document that ends within a character or an escape is refused") {
  for (const std::string end : {"\xf0", "\xf0\x9f", "\xf0\x9f\x98", "\xe2", "\xc3", "\\", "\\u",
                                "\\u0", "\\ud83d", "\\ud83d\\", "\\ud83d\\u", "\\ud83d\\ude0"}) {
    // An exact allocation, so that reading beyond it is noticed by the tools that look for that.
    std::string document = "{\"long enough to be on the heap\":\"" + end;
    document.shrink_to_fit();
    refused(document);
  }
}

TEST_CASE("Messages show nothing of the document") {
  for (const std::string document :
       {R"({"canary":"canary","canary":"canary"})", R"({"canary\u0000":"canary"})",
        R"({"a":"canary\udc00"})", R"({"a":canary})", R"("canary")", R"({"a":"canary" canary})"}) {
    CHECK_THAT(refused(document), !Contains("canary"));
  }
}

TEST_CASE("Escapes that JSON does not need become what they stand for") {
  CHECK(sent(R"({"\u0061\/":"\u00e9\ud83d\ude00\u0041\u0022\\\u001f\u0000"})") ==
        "{\"a/\":\"\xc3\xa9\xf0\x9f\x98\x80"
        "A\\\"\\\\\\u001F\\u0000\"}");
  // As long as it reads, up to a quote that is escaped.
  for (const std::string kept : {R"("abc\"")", R"("\"")", R"("\\\"")", R"("\\")", R"("a\\")",
                                 R"("\"\"")", R"("x\\\\\"")", R"("\\\"\\")"}) {
    const std::string document = "{" + kept + ":" + kept + "}";
    CHECK(sent(document) == document);
  }
}

}  // namespace
}  // namespace hookline
