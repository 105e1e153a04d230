#include <random>

#include "sample_import.hpp"

namespace hookline {
namespace {

/// The second has to be escaped wherever it stands.
const std::string kCanaries[] = {"https://canary.example/r?1",
                                 "https://canary.example/\xc3\xa9\"1"};

/// Writes one random document twice: as it would be sent, and with removed members put in between
/// and the text that they hold strewn over it.
class DocumentPair {
 public:
  DocumentPair(std::mt19937& random, bool escape)
      : random_(random), canary_(kCanaries[random() % 2]), escape_(escape) {
    object(0);
  }

  const std::string& clean() const { return clean_; }
  std::string dirty() const { return dirty_; }

 private:
  std::size_t pick(std::size_t below) { return random_() % below; }

  void both(const std::string& text) {
    clean_ += text;
    dirty_ += text;
  }

  void value(int depth) {
    switch (pick(depth < 6 ? 7 : 5)) {
      case 0:
        return both("null");
      case 1:
        return both(pick(2) == 0 ? "true" : "false");
      case 2:
        return both(std::to_string(static_cast<int>(random_())) + ".50e-7");
      case 3:
        return string("");
      case 4:
        return both(R"("plain \" \\ \n text")");
      case 5:
        return array(depth + 1);
      default:
        return object(depth + 1);
    }
  }

  void array(int depth) {
    both("[");
    const std::size_t size = pick(4);
    for (std::size_t i = 0; i < size; ++i) {
      if (i > 0) both(",");
      value(depth);
    }
    both("]");
  }

  void object(int depth) {
    both("{");
    const std::size_t size = pick(5);
    bool first = true;
    removed_members(first, depth);
    for (std::size_t i = 0; i < size; ++i) {
      if (i > 0) clean_ += ',';
      if (!first) dirty_ += ',';
      first = false;
      escape_ ? string("name " + std::to_string(i)) : both("\"" + std::to_string(i) + "\"");
      both(":");
      value(depth);
      removed_members(first, depth);
    }
    both("}");
  }

  /// A string that the canary may stand in.
  void string(const std::string& text) {
    both("\"" + text);
    for (std::size_t i = pick(8) / 6; i > 0; --i) {
      clean_ += "[redacted]";
      dirty_ += escaped_at_random(canary_);
      both("x");
    }
    both("\"");
  }

  void removed_members(bool& first, int depth) {
    for (std::size_t i = depth == 0 ? 1 + pick(2) : pick(3) / 2; i > 0; --i) {
      if (!first) dirty_ += ',';
      first = false;
      dirty_ += spaces() + '"' + spelled_at_random() + '"' + spaces() + ':';
      dirty_ += pick(4) == 0 && depth > 0 ? "[{\"a\":\"" + escaped_at_random(canary_) + "\"}]"
                                          : '"' + escaped_at_random(canary_) + '"';
      dirty_ += spaces();
    }
  }

  std::string spaces() { return std::string(pick(3), " \t\n"[pick(3)]); }

  std::string spelled_at_random() {
    std::string spelling;
    for (const char c : std::string(pick(2) == 0 ? "reviewurl" : "originalfiledownload")) {
      if (pick(3) == 0) spelling += " _-."[pick(4)];
      spelling += pick(2) == 0 ? c : static_cast<char>(c - 'a' + 'A');
    }
    return escaped_at_random(spelling);
  }

  std::string escaped_at_random(const std::string& text) {
    constexpr char kHex[] = "0123456789aBcDeF";
    std::string out;
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      if (c == '"' || (escape_ && byte < 0x80 && pick(5) == 0)) {
        out += std::string("\\u00") + kHex[byte >> 4] + kHex[byte & 15];
      } else {
        out += c;
      }
    }
    return out;
  }

  std::mt19937& random_;
  const std::string& canary_;
  bool escape_;
  std::string clean_;
  std::string dirty_;
};

TEST_CASE("Removed members leave no trace in random documents") {
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 6'000; ++round) {
    const DocumentPair pair(random, round % 3 == 0);
    INFO(pair.dirty());
    const auto result = filtered(pair.dirty());
    if (!result) FAIL(result.error().message);
    REQUIRE(*result == pair.clean());
    REQUIRE(result->find("canary") == std::string::npos);
    REQUIRE(filtered(pair.clean()).value() == pair.clean());
  }
}

TEST_CASE("Documents that are broken at random are refused or sent, and sent whole") {
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 20'000; ++round) {
    std::string document = DocumentPair(random, true).dirty();
    for (std::size_t i = 1 + random() % 3; i > 0; --i) {
      const std::size_t at = random() % document.size();
      switch (random() % 3) {
        case 0:
          document[at] = static_cast<char>(random());
          break;
        case 1:
          document.erase(at, 1 + random() % 5);
          break;
        default:
          document.insert(at, 1, "\"\\{}[],:u0\xed\xf0"[random() % 12]);
          break;
      }
      if (document.empty()) document = "{";
    }
    const auto result = filtered(document);
    if (!result) continue;
    INFO(document);
    REQUIRE(filtered(*result).value() == *result);
  }
}

}  // namespace
}  // namespace hookline
