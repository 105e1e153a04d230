#include "match/persistent_set.hpp"

#include <map>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "catch.hpp"

using hookline::detail::PersistentSet;

namespace {

struct Item {
  int key = 0;
  std::shared_ptr<int> value;
};

struct ByKey {
  using Key = int;
  static int key(const Item& item) { return item.key; }
  static int compare(const Item& item, int key) { return item.key - key; }
};

using Set = PersistentSet<Item, ByKey>;
using Position = std::pair<std::uint64_t, int>;
using Reference = std::map<Position, std::shared_ptr<int>>;

std::vector<Position> positions_from(const Set& set, Position from) {
  std::vector<Position> positions;
  set.visit_from(from.first, from.second, [&](std::uint64_t rank, const Item& item) {
    positions.emplace_back(rank, item.key);
    return true;
  });
  return positions;
}

std::vector<Position> positions_from(const Reference& reference, Position from) {
  std::vector<Position> positions;
  for (auto at = reference.lower_bound(from); at != reference.end(); ++at) {
    positions.push_back(at->first);
  }
  return positions;
}

void require_same(const Set& set, const Reference& reference) {
  REQUIRE(set.size() == reference.size());
  REQUIRE(positions_from(set, {0, -1}) == positions_from(reference, {0, -1}));
  for (const auto& [position, value] : reference) {
    const Item* found = set.find(position.first, position.second);
    REQUIRE(found != nullptr);
    REQUIRE(found->value == value);
  }
}

/// Adds and erases at random, `ranks` different ranks in all.
void compare_with_std_map(std::uint64_t ranks) {
  const auto seed = std::random_device()();
  CAPTURE(seed, ranks);
  std::mt19937_64 random(seed);
  Set set;
  Reference reference;
  for (int round = 0; round < 30; ++round) {
    const Set copy = set;
    const Reference copied = reference;
    const unsigned erased_of_ten = round < 18 ? 2 : 8;
    for (int i = 0; i < 300; ++i) {
      const Position position(random() % ranks, static_cast<int>(random() % 400));
      if (random() % 10 < erased_of_ten) {
        REQUIRE(set.erase(position.first, position.second) == (reference.erase(position) == 1));
      } else {
        const auto value = std::make_shared<int>(i);
        set.put(position.first, Item{position.second, value});
        reference[position] = value;
      }
    }
    require_same(set, reference);
    require_same(copy, copied);
    const Position from(random() % ranks, static_cast<int>(random() % 400));
    REQUIRE(positions_from(set, from) == positions_from(reference, from));
  }
}

}  // namespace

TEST_CASE("A set agrees with std::map, and its copies stay as they were") {
  compare_with_std_map(1);
  compare_with_std_map(5);
  compare_with_std_map(1'000'000);
}

TEST_CASE("A set that is filled in order and emptied from either end keeps its order") {
  for (const bool from_front : {true, false}) {
    Set set;
    Reference reference;
    for (int i = 0; i < 5000; ++i) {
      set.put(0, Item{i, nullptr});
      reference[{0, i}] = nullptr;
    }
    require_same(set, reference);
    for (int i = 0; i < 5000; ++i) {
      const int key = from_front ? i : 4999 - i;
      REQUIRE(set.erase(0, key));
      reference.erase({0, key});
      if (i % 250 == 0) require_same(set, reference);
    }
    REQUIRE(set.empty());
  }
}

TEST_CASE("A set lets go of what was erased from it") {
  const auto value = std::make_shared<int>(1);
  Set set;
  for (int i = 0; i < 1000; ++i) set.put(0, Item{i, value});
  for (int i = 0; i < 1000; ++i) {
    if (i != 500) set.erase(0, i);
  }
  REQUIRE(set.size() == 1);
  REQUIRE(value.use_count() == 2);
}
