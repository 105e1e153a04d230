// The memory store under thousands of random calls: whatever happens to it, its sums say the same
// as its rows.

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "hookline/memory_store.hpp"
#include "store/shelf.hpp"

using namespace hookline;
using namespace hookline::fakes;

namespace {

bool is_unfinished(const Delivery& delivery) {
  return delivery.status == DeliveryStatus::pending || delivery.status == DeliveryStatus::in_flight;
}

class RandomUse {
 public:
  RandomUse(std::uint32_t seed, MemoryStoreOptions limits)
      : limits_(limits), shelf_(std::make_unique<MemoryStore>(limits)), dice_(seed) {}

  void run(int steps) {
    for (int step = 0; step < steps; ++step) {
      now_ += below(20'000);
      act();
      if (step % 10 == 0) check();
    }
    check();
  }

 private:
  void act() {
    const int action = below(100);
    if (action < 30) return append();
    if (action < 80) return exchange();
    if (action < 85) return static_cast<void>(store().replay(some_id(), moment(now_)));
    if (action < 90) return recover();
    if (action < 95) return discard();
    if (action < 98) return erase();
    CHECK(store().set_paused(below(2) == 0));
  }

  void append() {
    const LaneKey first = some_lane();
    std::vector<NewDelivery> deliveries;
    for (int i = below(4); i >= 0; --i) {
      NewDelivery delivery = delivery_to({first.tenant, some_lane().webhook_id, ""}, now_);
      if (delivery.lane.webhook_id.empty()) delivery.lane.origin = "https://b.example";
      delivery.due = at(now_ + below(3) * below(50'000));
      delivery.leased = below(4) == 0;
      if (below(8) == 0) delivery.status = DeliveryStatus::exhausted;
      deliveries.push_back(delivery);
    }
    const std::size_t size = 1 + below(500);
    NewEvent event = event_with(std::move(deliveries), "msg_" + std::to_string(size), now_);
    event.managed_body = std::make_shared<const std::string>(size, 'm');
    event.basic_body = event.managed_body;
    event.receipt.import_id = "import-" + std::to_string(below(5));
    if (below(4) == 0) event = with_key(event, std::to_string(below(50)), "same", now_ + 500'000);
    Quotas quotas;
    quotas.pending_per_tenant = 60;
    static_cast<void>(shelf_.try_append(std::move(event), quotas));
  }

  void exchange() {
    StoreWork work;
    work.first = below(50) == 0;
    for (int i = below(6); i > 0 && !claims_.empty(); --i) work.outcomes.push_back(some_outcome());
    if (below(6) == 0) work.holds.push_back({some_lane(), at(now_ + below(60'000)), below(2) == 0});
    for (int i = below(3); i > 0; --i) {
      work.claims.push_back(
          {some_lane(), static_cast<std::size_t>(below(5)), below(4) == 0, below(2) == 0});
    }
    work.list_lanes = below(3);
    work.prune = below(3);
    work.retention.delivered = std::chrono::seconds(300);
    work.retention.exhausted_and_discarded = std::chrono::seconds(600);
    work.retention.pending = std::chrono::seconds(900);
    if (below(2) == 0) work.retention.bodies = std::chrono::seconds(100);
    const StoreReply reply = shelf_.work(work, now_);
    CHECK(reply.recorded.size() == work.outcomes.size());
    CHECK(reply.due_lanes.size() <= work.list_lanes);
    for (const ClaimedLane& lane : reply.claimed) {
      for (const Claim& claim : lane.claims) {
        CHECK(claim.body);
        claims_.push_back(claim);
      }
    }
  }

  Outcome some_outcome() {
    Outcome outcome;
    outcome.kind = static_cast<Outcome::Kind>(below(5));
    std::swap(claims_[below(static_cast<int>(claims_.size()))], claims_.back());
    outcome.claim = claims_.back();
    claims_.pop_back();
    outcome.due = at(now_ + below(90'000));
    outcome.at = wall(now_);
    if (below(2) == 0) {
      outcome.attempt = Attempt();
      outcome.attempt->number = outcome.claim.attempts + 1;
    }
    return outcome;
  }

  void recover() {
    RecoverQuery query;
    query.lane = some_lane();
    query.up_to = store().newest().value();
    query.limit = 1 + below(5);
    store().recover(query, moment(now_)).value();
  }

  void discard() {
    DeliveryQuery query;
    query.webhook_id = some_lane().webhook_id;
    query.limit = 1 + below(5);
    store().discard(query, "no", moment(now_)).value();
  }

  void erase() {
    EraseQuery query{some_lane().tenant, "import-" + std::to_string(below(5))};
    if (below(3) == 0) query.import_id.reset();
    store().erase(query, 1 + below(10)).value();
  }

  void check() {
    INFO("at " << now_);
    const std::vector<Delivery> rows = all_rows();
    REQUIRE(rows.size() <= limits_.max_deliveries);
    check_counts(rows, std::nullopt);
    std::uint64_t in_tenants = 0;
    for (const char* tenant : kTenants) in_tenants += check_counts(rows, tenant);
    REQUIRE(in_tenants == rows.size());
    check_unfinished(rows);
    check_lanes(rows);
  }

  std::vector<Delivery> all_rows() {
    std::vector<Delivery> rows;
    DeliveryQuery query;
    query.limit = 37;
    while (true) {
      const DeliveryPage page = store().list(query).value();
      rows.insert(rows.end(), page.deliveries.begin(), page.deliveries.end());
      if (!page.next) return rows;
      query.after = *page.next;
    }
  }

  std::uint64_t check_counts(const std::vector<Delivery>& rows,
                             const std::optional<std::string>& tenant) {
    std::map<DeliveryStatus, std::uint64_t> expected;
    std::uint64_t bytes = 0;
    std::optional<std::chrono::system_clock::time_point> oldest;
    for (const Delivery& row : rows) {
      if (tenant && row.tenant != *tenant) continue;
      ++expected[row.status];
      if (!is_unfinished(row)) continue;
      bytes += std::stoul(row.message_id.substr(4));  // the message says how long its body is
      if (!oldest) oldest = row.created_at;
    }
    const DeliveryCounts counts = store().counts(tenant).value();
    REQUIRE(counts.pending == expected[DeliveryStatus::pending]);
    REQUIRE(counts.in_flight == expected[DeliveryStatus::in_flight]);
    REQUIRE(counts.delivered == expected[DeliveryStatus::delivered]);
    REQUIRE(counts.exhausted == expected[DeliveryStatus::exhausted]);
    REQUIRE(counts.discarded == expected[DeliveryStatus::discarded]);
    REQUIRE(counts.pending_bytes == bytes);
    REQUIRE(counts.oldest_unfinished == oldest);
    return counts.pending + counts.in_flight + counts.delivered + counts.exhausted +
           counts.discarded;
  }

  void check_unfinished(const std::vector<Delivery>& rows) {
    const auto oldest = std::find_if(rows.begin(), rows.end(), is_unfinished);
    const bool any = oldest != rows.end();
    REQUIRE(store().has_unfinished(store().newest().value()).value() == any);
    if (!any) return;
    REQUIRE(store().has_unfinished(oldest->id).value());
    REQUIRE_FALSE(store().has_unfinished(oldest->id - 1).value());
  }

  void check_lanes(const std::vector<Delivery>& rows) {
    using Standing = std::pair<std::uint64_t, std::uint64_t>;  // pending, in flight
    std::map<std::pair<std::string, std::string>, Standing> expected;
    for (const Delivery& row : rows) {
      if (!is_unfinished(row)) continue;
      Standing& standing = expected[{row.tenant, row.webhook_id}];
      ++(row.status == DeliveryStatus::pending ? standing.first : standing.second);
    }
    std::map<std::pair<std::string, std::string>, Standing> found;
    const LanePage page = store().lanes({}).value();
    for (const LaneStats& lane : page.lanes) {
      found[{lane.tenant, lane.webhook_id}] = {lane.pending, lane.in_flight};
    }
    REQUIRE(found == expected);
  }

  DeliveryStore& store() { return *shelf_.store; }
  int below(int end) { return std::uniform_int_distribution<int>(0, end - 1)(dice_); }
  DeliveryId some_id() {
    return 1 + static_cast<DeliveryId>(below(static_cast<int>(store().newest().value()) + 1));
  }
  LaneKey some_lane() {
    static const std::vector<std::string> webhooks = {"", "a", "b", "c"};
    const std::string webhook = webhooks[below(4)];
    return {kTenants[below(3)], webhook, webhook.empty() ? "https://b.example" : ""};
  }

  static constexpr const char* kTenants[] = {"t", "u", "v"};

  const MemoryStoreOptions limits_;
  const Shelf shelf_;
  std::mt19937 dice_;
  std::int64_t now_ = 0;
  std::vector<Claim> claims_;
};

/// A caller that takes what is listed, and loses or fails some of it; in the end it relies on
/// nothing but the store's word on when to look again.
class Market {
 public:
  explicit Market(std::uint32_t seed) : shelf_(std::make_unique<MemoryStore>()), dice_(seed) {}

  void run() {
    for (int round = 0; round < 400; ++round, now_ += 1'000) {
      if (round < 200) put();
      take_what_is_listed(2, true);
    }
    for (int round = 0; round < 10'000; ++round) {
      const auto next = shelf_.work({}, now_).next_due;
      if (!next) break;
      const auto wait = std::chrono::ceil<std::chrono::milliseconds>(*next - at(now_));
      now_ += std::max<std::int64_t>(0, wait.count());
      take_what_is_listed(100, false);
    }
    CHECK(stored_ > 0);
    CHECK(delivered_.size() == stored_);
    CHECK(shelf_.store->counts()->delivered == stored_);
  }

 private:
  void put() {
    const std::string tenant = "t" + std::to_string(dice_() % 3);
    shelf_.put(lane("w" + std::to_string(dice_() % 9), tenant), "msg_1", now_);
    ++stored_;
  }

  void take_what_is_listed(std::size_t lanes, bool with_bad_luck) {
    for (const LaneKey& key : shelf_.list(lanes, now_)) {
      const bool fifo = key.webhook_id.back() % 2 == 0;
      const ClaimedLane claimed = shelf_.claim({key, 3, false, fifo}, now_);
      for (const Claim& claim : claimed.claims) {
        finish(claim, with_bad_luck ? static_cast<int>(dice_() % 10) : 9);
      }
      if (claimed.more) shelf_.hold(key, DueTime::min(), now_);
    }
  }

  void finish(const Claim& claim, int luck) {
    if (luck == 0) return;  // lost: its lease ends one day
    const auto kind = luck == 1 ? Outcome::Kind::retry : Outcome::Kind::delivered;
    CHECK(shelf_.record(claim, kind, now_, now_ + 3'000).recorded);
    if (kind == Outcome::Kind::delivered) CHECK(delivered_.insert(claim.id).second);
  }

  const Shelf shelf_;
  std::mt19937 dice_;
  std::int64_t now_ = 0;
  std::size_t stored_ = 0;
  std::set<DeliveryId> delivered_;
};

}  // namespace

TEST_CASE("The sums of a memory store follow whatever happens to its rows") {
  MemoryStoreOptions limits;
  SECTION("with room for everything") {}
  SECTION("with room for few deliveries") { limits.max_deliveries = 80; }
  SECTION("with room for few bytes") { limits.max_bytes = 100'000; }
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    INFO("seed " << seed);
    RandomUse(seed, limits).run(1'000);
  }
}

TEST_CASE("Whatever is due in a memory store is listed sooner or later") {
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    INFO("seed " << seed);
    Market(seed).run();
  }
}
