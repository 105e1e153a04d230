#include "match/sip_hash.hpp"

#include <string>

#include "catch.hpp"

using hookline::detail::HashKey;
using hookline::detail::sip_hash;

// Appendix A of the paper that sip_hash.hpp names; the other values are from its reference vectors.
TEST_CASE("SipHash-2-4 gives the published values") {
  const HashKey key{0x0706050403020100, 0x0f0e0d0c0b0a0908};
  std::string text;
  for (char c = 0; c < 15; ++c) text += c;
  CHECK(sip_hash<2, 4>(key, text) == 0xa129ca6149be45e5);
  CHECK(sip_hash<2, 4>(key, text.substr(0, 0)) == 0x726fdb47dd0e0e31);
  CHECK(sip_hash<2, 4>(key, text.substr(0, 8)) == 0x93f5f5799a932462);
}

TEST_CASE("Another key gives other hashes") {
  CHECK(sip_hash(HashKey{1, 2}, "contacts") != sip_hash(HashKey{1, 3}, "contacts"));
  CHECK(sip_hash(HashKey{1, 2}, "contacts") != sip_hash(HashKey{2, 2}, "contacts"));
}
