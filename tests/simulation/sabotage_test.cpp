// Shows that the simulator finds faults: each promise is broken once, on purpose, at a seam, and
// must be caught as what it is. The last case is the control: the same worlds without a fault.

#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "catch.hpp"
#include "simulation/draw.hpp"
#include "simulation/tampered_store.hpp"
#include "simulation/world.hpp"

using namespace hookline;
using namespace hookline::simulation;
using detail::LaneDirectory;
using detail::LaneSettings;
using detail::Orders;

namespace {

constexpr std::uint64_t kSeeds = 300;

/// Fewer seeds are asked for where time is short, as under sanitizers: once found is enough then.
bool in_short() { return std::getenv("HOOKLINE_SEEDS") != nullptr; }

/// Each world has a saboteur of its own, who may remember things.
using Sabotage = std::function<Seams()>;

/// How often each promise is found broken, over all seeds.
std::map<Promise, int> found(
    const Sabotage& sabotage, Promise looked_for,
    const std::function<void(Script&)>& adjust = [](Script&) {}) {
  std::map<Promise, int> count;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    Script script = draw(seed, small_shape());
    adjust(script);
    const Report report = run(script, sabotage());
    if (report.violation) ++count[report.violation->promise];
    if (in_short() && count.count(looked_for) > 0) break;
  }
  return count;
}

/// Nothing is found broken.
void check_clean(const Sabotage& sabotage) {
  for (std::uint64_t seed = 1; seed <= (in_short() ? 10 : kSeeds); ++seed) {
    const auto violation = run(draw(seed, small_shape()), sabotage()).violation;
    INFO("seed " << seed);
    REQUIRE((violation ? violation->what : "") == "");
  }
}

/// The promise is found broken, and no other one but those that the same fault breaks too.
void check_caught(const Sabotage& sabotage, Promise promise, const std::set<Promise>& also = {}) {
  const auto count = found(sabotage, promise);
  CHECK(count.count(promise) == 1);
  for (const auto& [other, times] : count) {
    INFO(to_string(other) << " is broken " << times << " times");
    CHECK((other == promise || also.count(other) == 1));
  }
}

Sabotage of_store(std::function<TamperedStore::Hands()> hands) {
  return [hands = std::move(hands)] {
    Seams seams;
    seams.store = [hands] { return std::make_unique<TamperedStore>(hands()); };
    return seams;
  };
}

/// The configuration, as somebody else tells it.
class FalseDirectory final : public LaneDirectory {
 public:
  using Lie = std::function<void(LaneSettings&)>;
  FalseDirectory(const LaneDirectory& truth, Lie lie, std::size_t tries_less)
      : truth_(truth), lie_(std::move(lie)), tries_less_(tries_less) {}

  LaneSettings settings(const LaneKey& lane) const override {
    LaneSettings settings = truth_.settings(lane);
    if (lie_) lie_(settings);
    return settings;
  }
  std::vector<milliseconds> retry_schedule(const LaneKey& lane) const override {
    auto schedule = truth_.retry_schedule(lane);
    schedule.resize(schedule.size() - tries_less_);
    return schedule;
  }

 private:
  const LaneDirectory& truth_;
  const Lie lie_;
  const std::size_t tries_less_;
};

Sabotage of_directory(FalseDirectory::Lie lie, std::size_t tries_less = 0) {
  return [lie = std::move(lie), tries_less] {
    Seams seams;
    seams.directory = [lie, tries_less](const LaneDirectory& truth) {
      return std::make_unique<FalseDirectory>(truth, lie, tries_less);
    };
    return seams;
  };
}

Sabotage of_orders(std::function<void(Orders&)> change) {
  return [change = std::move(change)] {
    Seams seams;
    seams.orders = change;
    return seams;
  };
}

Sabotage of_answers(std::function<void(HttpResult&)> change) {
  return [change = std::move(change)] {
    Seams seams;
    seams.answers = change;
    return seams;
  };
}

void excuse_receiver(HttpResult& result) {
  if (!result || (result->status != 500 && result->status != 502)) return;
  TransportFailure fault;
  fault.failure = FailureClass::internal;
  result = tl::unexpected(std::move(fault));
}

}  // namespace

TEST_CASE("Caught: a store that records outcomes under a lease that was lost", "[sabotage]") {
  check_caught(of_store([] {
                 const auto newest = std::make_shared<std::map<DeliveryId, std::uint64_t>>();
                 TamperedStore::Hands hands;
                 hands.work = [newest](StoreWork& work) {
                   for (Outcome& outcome : work.outcomes) {
                     const auto lease = newest->find(outcome.claim.id);
                     if (lease != newest->end()) outcome.claim.lease = lease->second;
                   }
                 };
                 hands.reply = [newest](const StoreWork&, StoreReply& reply) {
                   for (const ClaimedLane& lane : reply.claimed) {
                     for (const Claim& claim : lane.claims) (*newest)[claim.id] = claim.lease;
                   }
                 };
                 return hands;
               }),
               Promise::one_outcome);
}

TEST_CASE("Caught: a store that hands out what is not due yet", "[sabotage]") {
  check_caught(of_store([] {
                 TamperedStore::Hands hands;
                 hands.work = [](StoreWork& work) {
                   for (LaneClaim& claim : work.claims) claim.early = true;
                 };
                 return hands;
               }),
               Promise::never_early);
}

TEST_CASE("Caught: a runner whose time jumps with the wall clock", "[sabotage]") {
  const Sabotage sabotage = [] {
    Seams seams;
    seams.due_follows_wall = true;
    return seams;
  };
  // Whatever else is counted in time comes too early or too late too.
  CHECK(found(sabotage, Promise::never_early).count(Promise::never_early) == 1);
}

TEST_CASE("Caught: a schedule that is one try shorter than it should be", "[sabotage]") {
  check_caught(of_directory({}, 1), Promise::schedule);
}

TEST_CASE("Caught: a jitter that goes beyond what is allowed", "[sabotage]") {
  check_caught(
      [] {
        Seams seams;
        seams.luck_added = -0.5;
        return seams;
      },
      Promise::schedule);
}

TEST_CASE("Caught: a runner that makes a request twice", "[sabotage]") {
  check_caught(of_orders([](Orders& orders) {
                 if (!orders.sends.empty()) orders.sends.push_back(orders.sends.front());
               }),
               Promise::one_try_a_lease);
}

TEST_CASE("Caught: a store that hands out a claim that somebody has", "[sabotage]") {
  check_caught(of_store([] {
                 const auto earlier = std::make_shared<std::map<std::string, Claim>>();
                 TamperedStore::Hands hands;
                 hands.reply = [earlier](const StoreWork&, StoreReply& reply) {
                   for (ClaimedLane& lane : reply.claimed) {
                     if (lane.claims.empty()) continue;
                     const auto [claim, first] =
                         earlier->emplace(lane.lane.webhook_id, lane.claims.front());
                     if (!first) lane.claims.front() = claim->second;
                   }
                 };
                 return hands;
               }),
               Promise::one_try_a_lease);
}

TEST_CASE("Caught: a lane that may have one request too many", "[sabotage]") {
  check_caught(of_directory([](LaneSettings& settings) { ++settings.max_in_flight; }),
               Promise::limits);
}

TEST_CASE("Caught: a rate limit that nobody keeps", "[sabotage]") {
  check_caught(
      of_directory([](LaneSettings& settings) { settings.spacing = settings.spacing.zero(); }),
      Promise::spacing);
}

/// The core takes failures of the receiver for faults of this side; neither does it see then that
/// somebody has answered.
TEST_CASE("Caught: a breaker that does not open", "[sabotage]") {
  check_caught(of_answers(excuse_receiver), Promise::rest, {Promise::free_tries, Promise::trial});
}

/// As above, in a world where the second tries of what has failed come when the first rest is over.
TEST_CASE("Caught: a lane that gets several requests before one has succeeded again",
          "[sabotage]") {
  const Script script = parse_script(
      "seed 1\nschedule 0 8000 8000 8000\nretention 604800 2592000 2592000 0\nsettles 60000\n"
      "jitter 0\nstore_failure 0\nreceiver r1 t1 managed limit 8 spacing 0 any_order\n"
      "at 0 start i1\n"
      "at 1000 dispatch r1 0\n"
      "at 3000 mood r1 failing\n"
      "at 4000 dispatch r1 0\nat 4000 dispatch r1 0\nat 4000 dispatch r1 0\n"
      "at 4000 dispatch r1 0\nat 4000 dispatch r1 0\nat 4000 dispatch r1 0\n"
      "at 30000 mood r1 healthy\n");
  CHECK_FALSE(run(script).violation);
  const auto violation = run(script, of_answers(excuse_receiver)()).violation;
  REQUIRE(violation);
  CHECK(violation->promise == Promise::trial);
}

TEST_CASE("Caught: a store that counts a claim that was given back as a try", "[sabotage]") {
  check_caught(of_store([] {
                 const auto released = std::make_shared<std::set<DeliveryId>>();
                 TamperedStore::Hands hands;
                 hands.work = [released](StoreWork& work) {
                   for (const Outcome& outcome : work.outcomes) {
                     if (outcome.kind == Outcome::Kind::released) {
                       released->insert(outcome.claim.id);
                     }
                   }
                 };
                 hands.reply = [released](const StoreWork&, StoreReply& reply) {
                   for (ClaimedLane& lane : reply.claimed) {
                     for (Claim& claim : lane.claims) {
                       if (released->count(claim.id) > 0) ++claim.attempts;
                     }
                   }
                 };
                 return hands;
               }),
               Promise::free_tries);
}

TEST_CASE("Caught: a sender without a network that does not notice", "[sabotage]") {
  check_caught(of_answers([](HttpResult& result) {
                 if (!result) result.error().connected = true;
               }),
               Promise::free_tries);
}

TEST_CASE("Caught: a store that hands out the second delivery of a fifo lane", "[sabotage]") {
  check_caught(of_store([] {
                 TamperedStore::Hands hands;
                 hands.work = [](StoreWork& work) {
                   for (LaneClaim& claim : work.claims) claim.fifo = false;
                 };
                 return hands;
               }),
               Promise::order);
}

TEST_CASE("Caught: a core that does not hear that a webhook is paused", "[sabotage]") {
  check_caught(of_directory([](LaneSettings& settings) {
                 if (settings.state == LaneSettings::State::closed) {
                   settings.state = LaneSettings::State::open;
                 }
               }),
               Promise::closed);
}

TEST_CASE("Caught: a store that forgets an idempotency key", "[sabotage]") {
  check_caught(of_store([] {
                 TamperedStore::Hands hands;
                 hands.event = [](NewEvent& event) { event.idempotency_key.reset(); };
                 return hands;
               }),
               Promise::repeatable);
}

TEST_CASE("Caught: a store that loses an event after it was acknowledged", "[sabotage]") {
  check_caught(of_store([] {
                 TamperedStore::Hands hands;
                 hands.stored = [](DeliveryStore& store, const NewEvent& event) {
                   for (const NewDelivery& delivery : event.deliveries) {
                     if (delivery.leased) return;  // somebody would miss it at once
                   }
                   static_cast<void>(store.erase({event.tenant, event.receipt.import_id}, 1'000));
                 };
                 return hands;
               }),
               Promise::nothing_lost, {Promise::order, Promise::repeatable});
}

TEST_CASE("Caught: a store that says it has recorded what it has not", "[sabotage]") {
  check_caught(of_store([] {
                 TamperedStore::Hands hands;
                 hands.work = [](StoreWork& work) { work.outcomes.clear(); };
                 hands.reply = [](const StoreWork& work, StoreReply& reply) {
                   RecordedOutcome recorded;
                   recorded.recorded = true;
                   reply.recorded.assign(work.outcomes.size(), recorded);
                 };
                 return hands;
               }),
               Promise::one_try_a_lease, {Promise::one_outcome, Promise::free_tries});
}

TEST_CASE("Caught: a claim with the body of another tenant's event", "[sabotage]") {
  check_caught(of_store([] {
                 const auto last = std::make_shared<Claim>();
                 TamperedStore::Hands hands;
                 hands.reply = [last](const StoreWork&, StoreReply& reply) {
                   for (ClaimedLane& lane : reply.claimed) {
                     for (Claim& claim : lane.claims) {
                       const Claim own = claim;
                       if (last->body && last->lane.tenant != claim.lane.tenant) {
                         claim.body = last->body;
                       }
                       *last = own;
                     }
                   }
                 };
                 return hands;
               }),
               Promise::tenants_apart);
}

TEST_CASE("Caught: an erasure that takes more of a tenant than it was asked for", "[sabotage]") {
  check_caught(of_store([] {
                 TamperedStore::Hands hands;
                 hands.erasure = [](EraseQuery& query) { query.import_id.reset(); };
                 return hands;
               }),
               Promise::tenants_apart, {Promise::one_outcome, Promise::repeatable});
}

TEST_CASE("Caught: a store that hands out more than was asked for", "[sabotage]") {
  check_caught(of_store([] {
                 TamperedStore::Hands hands;
                 hands.work = [](StoreWork& work) {
                   for (LaneClaim& claim : work.claims) claim.count += 1'000;
                 };
                 return hands;
               }),
               Promise::bounded);
}

TEST_CASE("Caught: a store that does not say when to look again", "[sabotage]") {
  check_caught(of_store([] {
                 TamperedStore::Hands hands;
                 hands.reply = [](const StoreWork&, StoreReply& reply) { reply.next_due.reset(); };
                 return hands;
               }),
               Promise::progress);
}

TEST_CASE("Caught: a host that is told of another outcome than was recorded", "[sabotage]") {
  check_caught(of_orders([](Orders& orders) {
                 for (detail::Notice& notice : orders.notices) {
                   if (notice.delivery.status == DeliveryStatus::exhausted) {
                     notice.delivery.status = DeliveryStatus::delivered;
                   }
                 }
               }),
               Promise::truth);
}

TEST_CASE("Caught: a webhook that is disabled without a reason", "[sabotage]") {
  check_caught(of_orders([](Orders& orders) {
                 for (const Claim* claim : orders.sends) {
                   if (!claim->lane.webhook_id.empty() && claim->attempts == 3) {
                     orders.disables.push_back({claim->lane, 1, "out of spite"});
                   }
                 }
               }),
               Promise::reasons);
}

TEST_CASE("Caught: retention that discards what has not waited long enough", "[sabotage]") {
  check_caught(of_store([] {
                 TamperedStore::Hands hands;
                 hands.work = [](StoreWork& work) {
                   work.retention.pending = std::chrono::minutes(20);
                   work.prune = 100;
                 };
                 return hands;
               }),
               Promise::reasons);
}

TEST_CASE("Without a fault none is found", "[sabotage]") {
  check_clean(of_store([] { return TamperedStore::Hands(); }));
  check_clean(of_directory({}));
  check_clean(of_orders([](Orders&) {}));
  check_clean(of_answers([](HttpResult&) {}));
}
