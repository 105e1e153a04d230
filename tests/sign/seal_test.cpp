#include "sign/seal.hpp"

#include <set>
#include <string>

#include "catch.hpp"

using namespace hookline;
using detail::open_sealed;
using detail::seal;

namespace {

std::string from_hex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  }
  return bytes;
}

Secret key_of(char byte) { return Secret(std::string(detail::kSealingKeyBytes, byte)); }

}  // namespace

/// Test case 16 of "The Galois/Counter Mode of Operation" (McGrew, Viega), which NIST republished.
TEST_CASE("What another implementation of AES-256-GCM has sealed opens") {
  const Secret key(from_hex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"));
  const std::string bound = from_hex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
  const std::string sealed = from_hex(
      "cafebabefacedbaddecaf888"
      "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b10"
      "56828838c5f61e6393ba7a0abcc9f662"
      "76fc6ece0f4e1768cddf8853bb2d551b");
  const auto plain = open_sealed(key, bound, sealed);
  REQUIRE(plain);
  CHECK(plain->reveal() == from_hex("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a"
                                    "721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"));
}

TEST_CASE("What was sealed opens with the same key and the same binding, and with no other") {
  const auto sealed = seal(key_of('k'), "crm", "plain text");
  REQUIRE(sealed);
  CHECK(sealed->find("plain") == std::string::npos);
  CHECK(open_sealed(key_of('k'), "crm", *sealed)->reveal() == "plain text");
  CHECK_FALSE(open_sealed(key_of('l'), "crm", *sealed));
  CHECK_FALSE(open_sealed(key_of('k'), "crn", *sealed));
  CHECK(open_sealed(key_of('k'), "", *seal(key_of('k'), "", ""))->empty());
}

TEST_CASE("Not one byte of what was sealed can be changed, taken off or added") {
  const auto sealed = seal(key_of('k'), "crm", "plain text");
  REQUIRE(sealed);
  for (std::size_t i = 0; i < sealed->size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = *sealed;
      changed[i] = static_cast<char>(changed[i] ^ (1 << bit));
      REQUIRE_FALSE(open_sealed(key_of('k'), "crm", changed));
    }
    REQUIRE_FALSE(open_sealed(key_of('k'), "crm", sealed->substr(0, i)));
  }
  CHECK(open_sealed(key_of('k'), "crm", *sealed + '\0').error().code ==
        ErrorCode::invalid_registry_document);
}

TEST_CASE("No nonce is used twice") {
  std::set<std::string> nonces;
  for (int i = 0; i < 10'000; ++i) nonces.insert(seal(key_of('k'), "", "")->substr(0, 12));
  CHECK(nonces.size() == 10'000);
}
