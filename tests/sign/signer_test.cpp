#include "hookline/signer.hpp"

#include <openssl/err.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "catch.hpp"

using hookline::ErrorCode;
using hookline::Secret;
using hookline::SignatureHeaders;
using hookline::Signer;

namespace {

constexpr const char* kHmac = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
constexpr const char* kOtherHmac = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX";
constexpr const char* kEd25519 = "whsk_nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=";
constexpr const char* kEd25519Public = "whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
constexpr std::int64_t kNow = 1700000000;

Signer signer_of(const std::vector<std::string>& secrets);
std::string header_of(const std::vector<std::string>& secrets, std::string_view body = "{}");

std::chrono::system_clock::time_point at(std::int64_t seconds) {
  return std::chrono::system_clock::time_point(std::chrono::seconds(seconds));
}

hookline::Result<void> verify(const std::string& secret, const std::string& header) {
  return hookline::verify({secret}, {"msg_1", "1700000000", header}, "{}", at(kNow));
}

/// The code of a verification that fails.
ErrorCode code_of(const SignatureHeaders& headers, std::int64_t now = kNow,
                  std::chrono::seconds tolerance = std::chrono::minutes(5)) {
  const auto verified = hookline::verify({kHmac}, headers, "{}", at(now), tolerance);
  REQUIRE_FALSE(verified);
  return verified.error().code;
}

TEST_CASE("a signer needs a secret, and says which one it cannot use") {
  CHECK(Signer::create(std::vector<std::string>{}).error().code == ErrorCode::invalid_secret);
  CHECK(Signer::from_secrets(std::vector<Secret>{}).error().code == ErrorCode::invalid_secret);
  const auto second = Signer::create(std::vector<std::string>{kHmac, "whsec_AAAA"});
  REQUIRE_FALSE(second);
  CHECK(second.error().message == "secrets[1]: its key has 3 bytes; 24 to 64 are allowed");
  const auto empty = Signer::from_secrets(std::vector<Secret>{Secret()});
  REQUIRE_FALSE(empty);
  CHECK(empty.error().message == "secrets[0]: it must begin with whsec_ or whsk_");
}

TEST_CASE("a public key verifies and does not sign") {
  const auto signer = Signer::create(std::vector<std::string>{kEd25519Public});
  REQUIRE_FALSE(signer);
  CHECK_THAT(signer.error().message, Catch::Contains("secrets[0]: whpk_ is a public key"));
  CHECK(verify(kEd25519Public, header_of({kEd25519})));
}

TEST_CASE("a public key of the wrong length is refused") {
  CHECK(verify("whpk_AAAA", "v1a,").error().code == ErrorCode::invalid_secret);
  CHECK(verify("whpk_nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2DXWpgBgrEKt9VL/"
               "tPJZAc6DuFy89qmIyWvAhpo9wdRGg==",
               "v1a,")
            .error()
            .code == ErrorCode::invalid_secret);
}

TEST_CASE("secrets and strings make the same signer") {
  const auto signer = Signer::from_secrets(std::vector<Secret>{Secret(kHmac), Secret(kEd25519)});
  REQUIRE(signer);
  CHECK(signer->sign("msg_1", kNow, "{}") == header_of({kHmac, kEd25519}));
}

TEST_CASE("every byte of a body is signed, NUL bytes and none at all included") {
  CHECK(header_of({kHmac}, std::string_view("a\0b", 3)) !=
        header_of({kHmac}, std::string_view("a\0c", 3)));
  CHECK(header_of({kHmac}, {}) == header_of({kHmac}, ""));
  CHECK(header_of({kEd25519}, {}) != header_of({kEd25519}, std::string_view("\0", 1)));
}

TEST_CASE("a timestamp before 1970 cannot be signed") {
  const auto header = signer_of({kHmac}).sign("msg_1", -1, "{}");
  REQUIRE_FALSE(header);
  CHECK(header.error().code == ErrorCode::invalid_timestamp);
}

TEST_CASE("copies of a signer sign alike from many threads at once") {
  const Signer signer = signer_of({kHmac, kEd25519});
  const std::string expected = *signer.sign("msg_1", kNow, "{}");
  std::atomic<int> alike{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, copy = signer] {
      for (int i = 0; i < 200; ++i) {
        // Others in between would show through shared state.
        (void)copy.sign("msg_" + std::to_string(i), i, std::string(100, 'x'));
        if (copy.sign("msg_1", kNow, "{}") == expected) ++alike;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(alike == 800);
}

TEST_CASE("one of several secrets and one of several signatures is enough") {
  const std::string header = header_of({kOtherHmac, kEd25519});
  const SignatureHeaders headers{"msg_1", "1700000000", header};
  CHECK(hookline::verify({kHmac, kOtherHmac}, headers, "{}", at(kNow)));
  CHECK(hookline::verify({kHmac, kEd25519Public}, headers, "{}", at(kNow)));
  CHECK_FALSE(hookline::verify({kHmac}, headers, "{}", at(kNow)));
}

TEST_CASE("unknown versions and surplus spaces in the header are passed over") {
  const std::string v1 = header_of({kHmac});
  CHECK(verify(kHmac, "v9,abc v1b,xyz " + v1));
  CHECK(verify(kHmac, "  " + v1 + "  "));
  CHECK(verify(kHmac, "v1, v1,abc " + v1 + " v1a,abc"));
  for (const std::string& header :
       {std::string(), std::string(" "), std::string("v1"), std::string("v1,"), v1 + "=", "V" + v1,
        v1 + ",", "v1," + v1, v1.substr(0, v1.size() - 1), v1.substr(3),
        v1 + std::string(1, '\0')}) {
    INFO(header);
    CHECK_FALSE(verify(kHmac, header));
  }
}

TEST_CASE("a signature of one kind of key never passes under the label of the other") {
  const std::string v1 = header_of({kHmac});
  const std::string v1a = header_of({kEd25519});
  CHECK_FALSE(verify(kHmac, "v1a," + v1.substr(3)));
  CHECK_FALSE(verify(kEd25519, "v1," + v1a.substr(4)));
  CHECK(verify(kEd25519, v1a));
}

TEST_CASE("an Ed25519 signature of another length fails") {
  CHECK_FALSE(verify(kEd25519Public, "v1a,"));
  CHECK_FALSE(verify(kEd25519Public, "v1a,AAAA"));
  const std::string good = header_of({kEd25519});
  CHECK_FALSE(verify(kEd25519Public, good.substr(0, good.size() - 4)));
  CHECK_FALSE(verify(kEd25519Public, good.substr(0, good.size() - 2) + "AA"));
}

TEST_CASE("a changed Ed25519 signature fails, and leaves OpenSSL's error queue as it was") {
  const std::string good = header_of({kEd25519});
  ERR_clear_error();
  for (std::size_t i = 4; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = bad[i] == 'A' ? 'B' : 'A';
    CHECK_FALSE(verify(kEd25519Public, bad));
  }
  CHECK(ERR_peek_error() == 0);
}

TEST_CASE("the tolerance holds both ways, to the second") {
  const std::string v1 = header_of({kHmac});
  const SignatureHeaders headers{"msg_1", "1700000000", v1};
  CHECK(hookline::verify({kHmac}, headers, "{}", at(kNow + 300)));
  CHECK(code_of(headers, kNow + 301) == ErrorCode::timestamp_too_old);
  CHECK(hookline::verify({kHmac}, headers, "{}", at(kNow - 300)));
  CHECK(code_of(headers, kNow - 301) == ErrorCode::timestamp_too_new);
  CHECK(hookline::verify({kHmac}, headers, "{}", at(kNow), std::chrono::seconds(0)));
  CHECK(code_of(headers, kNow + 1, std::chrono::seconds(0)) == ErrorCode::timestamp_too_old);
  CHECK(hookline::verify({kHmac}, headers, "{}", at(0), std::chrono::seconds::max()));
}

TEST_CASE("a timestamp is digits only, and not without bound") {
  const std::string v1 = header_of({kHmac});
  for (const char* timestamp : {"", "-1700000000", "+1700000000", "1700000000 ", "1,7", "1e9",
                                "1000000000000000000", "99999999999999999999999999999999"}) {
    INFO(timestamp);
    CHECK(code_of({"msg_1", timestamp, v1}) == ErrorCode::invalid_timestamp);
  }
  CHECK(code_of({"msg_1", "999999999999999999", v1}) == ErrorCode::timestamp_too_new);
}

TEST_CASE("verify checks secrets, id, timestamp and signature in this order") {
  const auto code = [](const std::string& secret, const SignatureHeaders& headers) {
    return hookline::verify({secret}, headers, "{}", at(kNow)).error().code;
  };
  CHECK(code("w", {"a.b", "x", ""}) == ErrorCode::invalid_secret);
  CHECK(code(kHmac, {"a.b", "x", ""}) == ErrorCode::invalid_message_id);
  CHECK(code(kHmac, {"a", "x", ""}) == ErrorCode::invalid_timestamp);
  CHECK(code(kHmac, {"a", "1", ""}) == ErrorCode::timestamp_too_old);
  CHECK(code(kHmac, {"a", "1700000000", ""}) == ErrorCode::invalid_signature);
  CHECK(hookline::verify({}, {"a", "1", ""}, "{}", at(kNow)).error().code ==
        ErrorCode::invalid_secret);
}

TEST_CASE("a generated secret is new each time, signs and verifies") {
  const auto first = hookline::generate_secret();
  const auto second = hookline::generate_secret();
  REQUIRE(first);
  REQUIRE(second);
  CHECK(*first != *second);
  CHECK(first->reveal().size() == 6 + 44);
  const std::string text(first->reveal());
  CHECK(verify(text, header_of({text})));
}

Signer signer_of(const std::vector<std::string>& secrets) {
  auto signer = Signer::create(secrets);
  REQUIRE(signer);
  return *std::move(signer);
}

std::string header_of(const std::vector<std::string>& secrets, std::string_view body) {
  const auto header = signer_of(secrets).sign("msg_1", kNow, body);
  REQUIRE(header);
  return *header;
}

}  // namespace
