// A headless document that is sent is JSON, holds no removed member and no echo of one.
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <algorithm>
#include <set>
#include <vector>

#include "build/headless_filter.hpp"
#include "fuzz.hpp"
#include "hookline/payload_builder.hpp"

namespace hookline::fuzz {
namespace {

/// As the documentation puts it, in its own code.
bool is_forbidden(std::string_view name) {
  std::string plain;
  for (const char c : name) {
    if (c == ' ' || c == '_' || c == '-' || c == '.') continue;
    plain += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  }
  return plain == "reviewurl" || plain == "originalfiledownload";
}

/// All that stands in a document: names, strings, and the strings that forbidden names hold.
struct Survey : rapidjson::BaseReaderHandler<rapidjson::UTF8<>, Survey> {
  bool Key(const char* text, rapidjson::SizeType size, bool) {
    const std::string name(text, size);
    if (hidden_below == 0) texts.push_back(name);
    forbidden = is_forbidden(name);
    found_forbidden = found_forbidden || forbidden;
    return true;
  }
  bool String(const char* text, rapidjson::SizeType size, bool) {
    const std::string value(text, size);
    const bool direct = forbidden && hidden_below == 0;
    if (direct && size >= 8 && secrets.size() < 16) secrets.insert(value);
    if (!direct && hidden_below == 0) texts.push_back(value);
    return Default();
  }
  /// Numbers are kept digit by digit, whatever they spell.
  bool RawNumber(const char*, rapidjson::SizeType, bool) { return Default(); }
  bool StartObject() { return open(); }
  bool StartArray() { return open(); }
  bool EndObject(rapidjson::SizeType) { return close(); }
  bool EndArray(rapidjson::SizeType) { return close(); }
  bool Default() {
    forbidden = false;
    return true;
  }

  bool open() {
    if (forbidden || hidden_below > 0) ++hidden_below;
    return Default();
  }
  bool close() {
    if (hidden_below > 0) --hidden_below;
    return Default();
  }

  std::vector<std::string> texts;
  std::set<std::string> secrets;
  bool forbidden = false;
  bool found_forbidden = false;
  int hidden_below = 0;
};

Survey survey_of(std::string_view json, const char* what) {
  Survey survey;
  rapidjson::Reader reader;
  rapidjson::MemoryStream stream(json.data(), json.size());
  constexpr unsigned kFlags = rapidjson::kParseIterativeFlag |
                              rapidjson::kParseNumbersAsStringsFlag |
                              rapidjson::kParseValidateEncodingFlag;
  const auto done = reader.Parse<kFlags>(stream, survey);
  promise(!done.IsError() && stream.Tell() == json.size(), what, json);
  return survey;
}

/// What takes the place of one secret may make up a piece of another.
bool can_be_told_apart(const std::string& secret) {
  return secret.find_first_of("[]") == std::string::npos && secret != "redacted";
}

void check_sent(std::string_view document, const std::string& sent) {
  const Survey before = survey_of(document, "only JSON is sent");
  const Survey after = survey_of(sent, "what is sent is JSON");
  promise(!after.found_forbidden, "no forbidden name is left", sent);
  for (const std::string& secret : before.secrets) {
    if (!can_be_told_apart(secret)) continue;
    for (const std::string& text : after.texts) {
      promise(!contains(text, secret), "no echo of a removed link is left", sent);
    }
  }
}

Import headless_import(std::string_view document) {
  Import import;
  import.id = "import-1";
  import.import_type = ImportType::headless;
  import.headless = std::string(document);
  return import;
}

}  // namespace

void check(std::string_view input) {
  static const PayloadOptions options = detail::finalised({});
  static const PayloadBuilder builder;
  const auto sent = detail::filter_headless(input, options);
  const auto body = builder.managed(headless_import(input));
  promise(sent.has_value() == body.has_value(), "the body is built if the document can be sent");
  if (!sent) {
    promise(sent.error().message.size() < 200, "a message is short");
    return;
  }
  check_sent(input, *sent);
  survey_of(*body, "the body is JSON");
  promise(contains(*body, ",\"headless\":" + *sent + "}}"), "the document stands in the body");
  const auto again = detail::filter_headless(*sent, options);
  promise(again && *again == *sent, "filtering again changes nothing", *sent);
}

}  // namespace hookline::fuzz
