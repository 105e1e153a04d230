#include "sign/base64.hpp"

#include <string>
#include <vector>

#include "catch.hpp"

using hookline::detail::append_base64;
using hookline::detail::decode_base64;

namespace {

std::string encode(const std::string& bytes) {
  std::string text;
  append_base64(text, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  return text;
}

std::string decode(const std::string& text) {
  const auto bytes = decode_base64(text);
  REQUIRE(bytes);
  return {bytes->begin(), bytes->end()};
}

TEST_CASE("base64 follows the examples of RFC 4648, section 10") {
  const std::vector<std::pair<std::string, std::string>> examples = {{"", ""},
                                                                     {"f", "Zg=="},
                                                                     {"fo", "Zm8="},
                                                                     {"foo", "Zm9v"},
                                                                     {"foob", "Zm9vYg=="},
                                                                     {"fooba", "Zm9vYmE="},
                                                                     {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : examples) {
    CHECK(encode(bytes) == text);
    CHECK(decode(text) == bytes);
  }
}

TEST_CASE("every byte value survives base64, at every length up to three groups") {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  CHECK(decode(encode(bytes)) == bytes);
  for (std::size_t size = 0; size <= 9; ++size) {
    CHECK(decode(encode(bytes.substr(200, size))) == bytes.substr(200, size));
  }
}

TEST_CASE("base64 is appended behind what is there") {
  std::string text = "v1,";
  append_base64(text, reinterpret_cast<const unsigned char*>("foo"), 3);
  CHECK(text == "v1,Zm9v");
}

TEST_CASE("base64 that is not the one form of its bytes is refused") {
  for (const char* text :
       {"Z",        "Zg",   "Zg=",  "Zg===",    "Zg====", "Zh==",   "Zm9=",  "=",
        "==",       "====", "A===", "Zg==Zg==", "Zm8=\n", "Zm9v\n", " Zm9v", "Zm 9v",
        "Zm9v====", "Z=g=", "Zm9-", "Zm9_",     "Zm9,",   "Zm9%"}) {
    INFO(text);
    CHECK_FALSE(decode_base64(text));
  }
  CHECK_FALSE(decode_base64(std::string_view("Zm9\0", 4)));
  CHECK_FALSE(decode_base64("Zm9\xc3"));
}

}  // namespace
