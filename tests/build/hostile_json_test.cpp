#include <rapidjson/document.h>

#include <fstream>
#include <map>

#include "sample_import.hpp"

namespace hookline {
namespace {

std::string decoded_base64(const std::string& text) {
  const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  unsigned bits = 0;
  int count = 0;
  for (const char c : text) {
    if (c == '=') break;
    bits = bits << 6 | static_cast<unsigned>(digits.find(c));
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>(bits >> count & 0xff);
  }
  return bytes;
}

/// `<3*ab>` stands for `ababab`.
std::string generated(const std::string& text) {
  std::string all;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '<') {
      all += text[i];
      continue;
    }
    const std::size_t star = text.find('*', i);
    const std::size_t end = text.find('>', star);
    all += repeated(std::stoul(text.substr(i + 1)), text.substr(star + 1, end - star - 1));
    i = end;
  }
  return all;
}

std::string field(const rapidjson::Value& line, const char* name) {
  const auto member = line.FindMember(name);
  if (member == line.MemberEnd()) return "";
  return {member->value.GetString(), member->value.GetStringLength()};
}

void check_refused(const Result<std::string>& result, const std::string& why) {
  const std::map<std::string, std::string> words = {{"dup_key", "twice"},
                                                    {"nul_key", "escaped NUL"},
                                                    {"bom", "byte order mark"},
                                                    {"nul", "NUL byte"},
                                                    {"utf8", ""},
                                                    {"syntax", "not JSON"},
                                                    {"root", "not an object"},
                                                    {"number", "double"},
                                                    {"depth", "deeper than 64"}};
  if (why == "size") {
    refusal(result, ErrorCode::body_too_large);
    return;
  }
  const std::string message = refusal(result, ErrorCode::invalid_headless);
  CHECK_THAT(message, Catch::StartsWith("headless: ") && Catch::Contains(words.at(why)) &&
                          Catch::Contains(" at offset "));
  CHECK(message.size() < 100);
}

TEST_CASE("Hostile documents are stripped, redacted, kept or refused as the table says") {
  std::ifstream file(HOOKLINE_TEST_DATA "/hostile_json.jsonl");
  std::size_t lines = 0;
  for (std::string text; std::getline(file, text); ++lines) {
    rapidjson::Document line;
    line.Parse(text.c_str(), text.size());
    REQUIRE_FALSE(line.HasParseError());
    INFO(field(line, "name"));

    const std::string encoding = field(line, "enc");
    std::string document = field(line, "doc");
    if (encoding == "b64") document = decoded_base64(document);
    if (encoding == "gen") document = generated(document);

    const std::string expect = field(line, "expect");
    const auto result = filtered(document);
    if (expect.rfind("reject:", 0) == 0) {
      check_refused(result, expect.substr(7));
      continue;
    }
    if (!result) FAIL_CHECK(result.error().message);
    if (!result) continue;
    CHECK((*result == (expect == "keep" ? document : field(line, "out"))));
    CHECK_FALSE(result->find("SECRET-8f2c") != std::string::npos);
  }
  CHECK(lines == 110);
}

}  // namespace
}  // namespace hookline
