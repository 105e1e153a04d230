#include "build/redactor.hpp"

#include <chrono>
#include <random>

#include "sample_import.hpp"

namespace hookline {
namespace {

using detail::Redactor;
using detail::TextSearch;

/// The rule as it is written: leftmost, then longest.
std::string redacted_slowly(const std::string& text, const std::vector<std::string>& secrets) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t longest = 0;
    for (const std::string& secret : secrets) {
      if (text.compare(i, secret.size(), secret) == 0) longest = std::max(longest, secret.size());
    }
    out += longest == 0 ? std::string(1, text[i]) : "[redacted]";
    i += std::max<std::size_t>(longest, 1);
  }
  return out;
}

/// Few letters, so that texts overlap and repeat.
std::string random_text(std::mt19937& random, std::size_t max_length) {
  std::string text(1 + random() % max_length, 'a');
  for (char& c : text) c = "ab"[random() % 2];
  return text;
}

TEST_CASE("Redaction agrees with its rule on random texts") {
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 5'000; ++round) {
    std::vector<std::string> secrets(1 + random() % 4);
    for (std::string& secret : secrets) secret = random_text(random, round % 2 == 0 ? 6 : 60);
    Redactor redactor(secrets);
    for (int i = 0; i < 4; ++i) {
      std::string text = random_text(random, 80);
      const std::string& inserted = secrets[random() % secrets.size()];
      text.insert(random() % text.size(), repeated(random() % 3, inserted));
      REQUIRE(std::string(redactor.redact(text)) == redacted_slowly(text, secrets));
    }
  }
}

TEST_CASE("Every match is found, overlapping ones too") {
  const TextSearch search("aba");
  TextSearch::Walk walk(search, "ababaxabab");
  CHECK(walk.next() == 0);
  CHECK(walk.next() == 2);
  CHECK(walk.next() == 6);
  CHECK(walk.next() == TextSearch::kNone);
  CHECK(walk.next() == TextSearch::kNone);
  CHECK(TextSearch::Walk(search, "ab").next() == TextSearch::kNone);
  CHECK(TextSearch::Walk(search, "").next() == TextSearch::kNone);
}

// Each of these would take minutes or more if time grew with the product of two of its parts. The
// bound is far above what they take, so that a slow machine does not fail them.
template <class Work>
void check_is_bounded(Work work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(20));
}

TEST_CASE("A long secret that almost stands everywhere costs linear time") {
  const std::string secret = repeated(400'000, "a") + "b";
  const std::string text = repeated(600'000, "a");
  check_is_bounded([&] {
    const auto result = filtered("{\"review_url\":\"" + secret + "\",\"m\":\"" + text + "\"}");
    CHECK((result.value() == "{\"m\":\"" + text + "\"}"));
  });
}

TEST_CASE("A short secret that keeps hiding a long one costs linear time") {
  const std::string period = "abcdefgh";
  std::string members = "\"review_url\":\"habcdefg\",";
  members += "\"original_file_download\":\"" + repeated(20'000, period) + "\",";
  const std::string text = "h" + repeated(80'000, period);
  check_is_bounded([&] {
    const auto result = filtered("{" + members + "\"m\":\"" + text + "\"}");
    CHECK((result.value() == "{\"m\":\"" + repeated(80'000, "[redacted]") + "h\"}"));
  });
}

TEST_CASE("Sixteen secrets that stand everywhere cost linear time") {
  std::string members;
  for (std::size_t i = 0; i < 16; ++i) {
    members += "\"review_url\":\"" + repeated(8 + 1'000 * i, "a") + "\",";
  }
  const std::string text = repeated(800'000, "a");
  check_is_bounded([&] {
    CHECK(filtered("{" + members + "\"m\":\"" + text + "\"}").has_value());
    CHECK(filtered("{" + members + "\"m\":[" + repeated(70'000, "\"aaaaaaaaa\",") + "0]}")
              .has_value());
  });
}

TEST_CASE("Long names that differ at their ends cost no more than sorting") {
  const std::string stem = repeated(100, "n");
  std::string members;
  for (int i = 0; i < 8'000; ++i) members += "\"" + stem + std::to_string(i) + "\":0,";
  check_is_bounded([&] { CHECK(filtered("{" + members + "\"z\":0}").has_value()); });
  check_is_bounded([] { CHECK(filtered("{\"" + repeated(1'000'000, "_") + "\":0}").has_value()); });
}

}  // namespace
}  // namespace hookline
