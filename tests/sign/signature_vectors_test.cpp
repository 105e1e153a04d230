#include <rapidjson/document.h>
#include <rapidjson/istreamwrapper.h>

#include <fstream>
#include <string>
#include <vector>

#include "catch.hpp"
#include "hookline/signer.hpp"

using hookline::ErrorCode;
using hookline::Signer;

namespace {

const rapidjson::Document& vectors();
std::string text_of(const rapidjson::Value& object, const char* name);
std::string body_of(const rapidjson::Value& vector);
std::string outcome_of(const hookline::Result<void>& verified);
std::chrono::system_clock::time_point at(std::int64_t seconds);

hookline::Result<std::string> sign(const std::vector<std::string>& secrets,
                                   const rapidjson::Value& message) {
  const auto signer = Signer::create(secrets);
  REQUIRE(signer);
  return signer->sign(text_of(message, "id"), message["timestamp"].GetInt64(), body_of(message));
}

TEST_CASE("published and computed signatures come out, and verify") {
  CHECK(vectors()["sign"].Size() >= 8);
  for (const auto& vector : vectors()["sign"].GetArray()) {
    INFO(text_of(vector, "name"));
    const auto header = sign({text_of(vector, "secret")}, vector);
    CHECK(header == text_of(vector, "signature"));

    const std::string id = text_of(vector, "id");
    const std::int64_t seconds = vector["timestamp"].GetInt64();
    const std::string timestamp = std::to_string(seconds);
    for (const char* key : {"secret", "public"}) {
      if (!vector.HasMember(key)) continue;
      CHECK(hookline::verify({text_of(vector, key)}, {id, timestamp, *header}, body_of(vector),
                             at(seconds)));
    }
  }
}

TEST_CASE("during a rotation the header carries one signature for each secret, in their order") {
  CHECK(vectors()["rotation"].Size() >= 2);
  for (const auto& vector : vectors()["rotation"].GetArray()) {
    INFO(text_of(vector, "name"));
    std::vector<std::string> secrets;
    for (const auto& secret : vector["secrets"].GetArray()) secrets.push_back(secret.GetString());
    CHECK(sign(secrets, vector) == text_of(vector, "header"));
  }
}

TEST_CASE("an id with a dot is refused, so that no two messages share a signature") {
  const auto& vector = vectors()["delimiter_confusion"];
  const auto refused = sign({text_of(vector, "secret")}, vector["a"]);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::invalid_message_id);
  CHECK(sign({text_of(vector, "secret")}, vector["b"]) == text_of(vector, "signature"));
}

TEST_CASE("verify answers as each vector expects") {
  CHECK(vectors()["verify"].Size() >= 24);
  for (const auto& vector : vectors()["verify"].GetArray()) {
    INFO(text_of(vector, "name"));
    const std::string id = text_of(vector, "id");
    const std::string timestamp = text_of(vector, "timestamp");
    const std::string header = text_of(vector, "header");
    const auto verified = hookline::verify({text_of(vector, "secret")}, {id, timestamp, header},
                                           body_of(vector), at(vector["now"].GetInt64()));
    std::string expected = text_of(vector, "expect");
    if (expected == "missing_header") expected = "bad_timestamp";  // the only one that is missing
    CHECK(outcome_of(verified) == expected);
  }
}

TEST_CASE("secrets are accepted and refused as each vector expects, and errors do not show them") {
  CHECK(vectors()["secrets"].Size() >= 18);
  for (const auto& vector : vectors()["secrets"].GetArray()) {
    const std::string secret = text_of(vector, "secret");
    const std::string expected = text_of(vector, "expect");
    INFO(secret << ' ' << expected);
    const auto signer = Signer::create({secret});
    REQUIRE(signer.has_value() == (expected.rfind("ok", 0) == 0));
    if (signer) continue;
    CHECK(signer.error().code == ErrorCode::invalid_secret);
    CHECK_THAT(signer.error().message, Catch::StartsWith("secrets[0]: "));
    const std::string key = secret.substr(secret.find('_') + 1);
    if (key.size() > 1) CHECK_THAT(signer.error().message, !Catch::Contains(key));
  }
}

TEST_CASE("message ids are accepted and refused as each vector expects") {
  CHECK(vectors()["ids"].Size() >= 10);
  const auto signer = Signer::create({std::string("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX")});
  REQUIRE(signer);
  for (const auto& vector : vectors()["ids"].GetArray()) {
    const std::string id = text_of(vector, "id");
    INFO(id);
    const auto header = signer->sign(id, 1700000000, "{}");
    REQUIRE(header.has_value() == (text_of(vector, "expect") == "ok"));
    if (!header) CHECK(header.error().code == ErrorCode::invalid_message_id);
  }
}

const rapidjson::Document& vectors() {
  static const rapidjson::Document document = [] {
    std::ifstream file(std::string(HOOKLINE_TEST_DATA) + "/signature_vectors.json");
    rapidjson::IStreamWrapper stream(file);
    rapidjson::Document parsed;
    parsed.ParseStream(stream);
    return parsed;
  }();
  REQUIRE(document.IsObject());
  return document;
}

std::string text_of(const rapidjson::Value& object, const char* name) {
  REQUIRE(object.HasMember(name));
  const auto& value = object[name];
  REQUIRE(value.IsString());
  return {value.GetString(), value.GetStringLength()};
}

std::string body_of(const rapidjson::Value& vector) {
  if (!vector.HasMember("body_repeat")) return text_of(vector, "body");
  return std::string(vector["body_repeat"][1].GetUint(), *vector["body_repeat"][0].GetString());
}

std::string outcome_of(const hookline::Result<void>& verified) {
  if (verified) return "ok";
  switch (verified.error().code) {
    case ErrorCode::invalid_timestamp:
      return "bad_timestamp";
    case ErrorCode::timestamp_too_new:
      return "too_new";
    case ErrorCode::timestamp_too_old:
      return "too_old";
    case ErrorCode::invalid_signature:
      return "no_match";
    default:
      return verified.error().message;
  }
}

std::chrono::system_clock::time_point at(std::int64_t seconds) {
  return std::chrono::system_clock::time_point(std::chrono::seconds(seconds));
}

}  // namespace
