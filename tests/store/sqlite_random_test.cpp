// The SQLite store beside the memory store under thousands of random calls: they answer the same.

#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "hookline/memory_store.hpp"
#include "store/shelf.hpp"
#include "store/sqlite_file.hpp"
#include "store/twin_store.hpp"

using namespace hookline;
using namespace hookline::fakes;

namespace {

class RandomUse {
 public:
  RandomUse(std::uint32_t seed, std::unique_ptr<DeliveryStore> store)
      : shelf_(std::move(store)), dice_(seed) {}

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
    const auto appended = shelf_.try_append(event, quotas);
    if (!appended || appended->repeated) return;
    for (std::size_t i = 0; i < event.deliveries.size(); ++i) {
      const NewDelivery& delivery = event.deliveries[i];
      if (!delivery.leased || delivery.status != DeliveryStatus::pending) continue;
      Claim claim;
      claim.id = appended->ids.at(i);
      claim.lease = 1;
      claim.lane = delivery.lane;
      claims_.push_back(claim);
    }
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
    if (below(3) == 0) work.full_tenants = {some_lane().tenant};
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
    if (below(2) == 0) query.import_id = "import-" + std::to_string(below(5));
    query.limit = 1 + below(5);
    store().discard(query, "no", moment(now_)).value();
  }

  void erase() {
    EraseQuery query{some_lane().tenant, "import-" + std::to_string(below(5))};
    if (below(3) == 0) query.import_id.reset();
    store().erase(query, 1 + below(10)).value();
  }

  /// The twins compare the answers.
  void check() {
    INFO("at " << now_);
    static_cast<void>(store().list({}));
    DeliveryQuery query;
    if (below(2) == 0) query.tenant = some_lane().tenant;
    if (below(2) == 0) query.webhook_id = some_lane().webhook_id;
    if (below(3) == 0) query.import_id = "import-" + std::to_string(below(5));
    if (below(4) == 0) query.message_id = "msg_" + std::to_string(1 + below(500));
    if (below(2) == 0) query.status = static_cast<DeliveryStatus>(below(5));
    if (below(8) == 0) query.id = some_id();
    query.after = below(2) == 0 ? 0 : some_id();
    query.limit = 1 + below(20);
    static_cast<void>(store().list(query));
    LaneQuery lanes;
    lanes.limit = 1'000;
    if (below(2) == 0) lanes.tenant = some_lane().tenant;
    static_cast<void>(store().lanes(lanes));
    static_cast<void>(store().counts());
    static_cast<void>(store().counts(some_lane().tenant));
    static_cast<void>(store().attempts(some_id()));
    static_cast<void>(store().find(some_id()));
    static_cast<void>(store().has_unfinished(some_id()));
    static_cast<void>(store().last_time());
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

  const Shelf shelf_;
  std::mt19937 dice_;
  std::int64_t now_ = 0;
  std::vector<Claim> claims_;
};

}  // namespace

TEST_CASE("The SQLite store answers what the memory store answers, whatever is asked") {
  SqliteFile file;
  const char* seeds = std::getenv("HOOKLINE_SEEDS");
  const std::uint32_t last = seeds ? static_cast<std::uint32_t>(std::stoul(seeds)) : 5;
  for (std::uint32_t seed = 1; seed <= last; ++seed) {
    INFO("seed " << seed);
    RandomUse(seed, twins(std::make_unique<MemoryStore>(), file.open_new())).run(1'000);
  }
}
