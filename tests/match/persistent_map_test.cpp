#include "match/persistent_map.hpp"

#include <memory>
#include <random>
#include <unordered_map>
#include <vector>

#include "catch.hpp"

using hookline::detail::PersistentMap;

namespace {

using Reference = std::unordered_map<std::uint64_t, int>;

void require_same(const PersistentMap<int>& map, const Reference& reference,
                  const std::vector<std::uint64_t>& hashes) {
  REQUIRE(map.size() == reference.size());
  for (const std::uint64_t hash : hashes) {
    const int* found = map.find(hash);
    const auto expected = reference.find(hash);
    REQUIRE((found != nullptr) == (expected != reference.end()));
    if (found) REQUIRE(*found == expected->second);
  }
}

/// Hashes that share long beginnings (the low bits, which are taken first) as well as random ones.
std::vector<std::uint64_t> hashes_that_crowd(std::mt19937_64& random) {
  std::vector<std::uint64_t> hashes;
  for (int i = 0; i < 300; ++i) {
    hashes.push_back(random());
    hashes.push_back(random() << 60);
    hashes.push_back(random() << 30 | 0x2aaaaaaa);
    hashes.push_back(random() & 0xff);
  }
  return hashes;
}

}  // namespace

TEST_CASE("A map agrees with std::unordered_map, and its copies stay as they were") {
  const auto seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  const auto hashes = hashes_that_crowd(random);
  PersistentMap<int> map;
  Reference reference;
  for (int round = 0; round < 40; ++round) {
    const PersistentMap<int> copy = map;
    const Reference copied = reference;
    for (int i = 0; i < 200; ++i) {
      const std::uint64_t hash = hashes[random() % hashes.size()];
      const bool erases = random() % (round < 25 ? 4 : 2) == 0;
      if (erases) {
        REQUIRE(map.erase(hash) == (reference.erase(hash) == 1));
      } else {
        map.put(hash, i);
        reference[hash] = i;
      }
    }
    require_same(map, reference, hashes);
    require_same(copy, copied, hashes);
  }
  for (const std::uint64_t hash : hashes) map.erase(hash);
  require_same(map, {}, hashes);
}

TEST_CASE("Hashes that differ in one bit only, whichever it is, do not disturb each other") {
  PersistentMap<int> map;
  map.put(0, -1);
  for (int bit = 0; bit < 64; ++bit) map.put(std::uint64_t{1} << bit, bit);
  REQUIRE(map.size() == 65);
  for (int bit = 0; bit < 64; ++bit) REQUIRE(*map.find(std::uint64_t{1} << bit) == bit);
  for (int bit = 0; bit < 64; ++bit) REQUIRE(map.erase(std::uint64_t{1} << bit));
  REQUIRE(*map.find(0) == -1);
  REQUIRE(map.size() == 1);
}

TEST_CASE("A map lets go of what was erased from it or replaced in it") {
  const auto value = std::make_shared<int>(1);
  PersistentMap<std::shared_ptr<int>> map;
  for (std::uint64_t hash = 0; hash < 1000; ++hash) map.put(hash * 0x9e3779b97f4a7c15, value);
  REQUIRE(value.use_count() == 1001);
  for (std::uint64_t hash = 0; hash < 500; ++hash) map.erase(hash * 0x9e3779b97f4a7c15);
  REQUIRE(value.use_count() == 501);
  for (std::uint64_t hash = 500; hash < 1000; ++hash) map.put(hash * 0x9e3779b97f4a7c15, nullptr);
  REQUIRE(value.use_count() == 1);
}
