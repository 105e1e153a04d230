#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "hookline/delivery_store.hpp"

namespace hookline::fakes {

/// Milliseconds after some moment, on both time lines.
inline DueTime at(std::int64_t ms) {
  return DueTime(std::chrono::milliseconds(1'700'000'000'000 + ms));
}
inline std::chrono::system_clock::time_point wall(std::int64_t ms) {
  return std::chrono::system_clock::time_point(std::chrono::milliseconds(1'700'000'000'000 + ms));
}
inline Moment moment(std::int64_t ms) { return {at(ms), wall(ms)}; }

constexpr std::int64_t kDay = 24 * 3'600'000;

inline LaneKey lane(const std::string& webhook, const std::string& tenant = "t") {
  return {tenant, webhook, ""};
}
inline LaneKey basic_lane(const std::string& origin = "https://b.example") {
  return {"t", "", origin};
}

inline NewDelivery delivery_to(const LaneKey& key, std::int64_t due = 0) {
  NewDelivery delivery;
  delivery.lane = key;
  delivery.due = at(due);
  return delivery;
}

inline NewDelivery ended_delivery_to(const LaneKey& key, DeliveryStatus status,
                                     const std::string& reason) {
  NewDelivery delivery = delivery_to(key);
  delivery.status = status;
  delivery.reason = reason;
  return delivery;
}

/// An event of import `import-1` of the deliveries' tenant. Every delivery stands in the receipt.
inline NewEvent event_with(std::vector<NewDelivery> deliveries,
                           const std::string& message = "msg_1", std::int64_t accepted = 0) {
  NewEvent event;
  event.receipt.message_id = message;
  event.receipt.import_id = "import-1";
  event.tenant = deliveries.empty() ? "t" : deliveries[0].lane.tenant;
  event.accepted = moment(accepted);
  event.managed_body = std::make_shared<const std::string>("managed");
  event.basic_body = std::make_shared<const std::string>("basic");
  for (const NewDelivery& delivery : deliveries) {
    AcceptedDelivery accepted_delivery;
    accepted_delivery.webhook_id = delivery.lane.webhook_id;
    event.receipt.deliveries.push_back(accepted_delivery);
  }
  event.deliveries = std::move(deliveries);
  event.lease_until = at(accepted + 60'000);
  return event;
}

inline NewEvent with_key(NewEvent event, const std::string& key,
                         const std::string& fingerprint = "same", std::int64_t expires = kDay) {
  event.idempotency_key = IdempotencyKey{key, fingerprint, at(expires)};
  return event;
}

/// A store and the words in which tests talk to it.
struct Shelf {
  explicit Shelf(std::unique_ptr<DeliveryStore> made) : store(std::move(made)) {}

  Result<AppendedEvent> try_append(NewEvent event, const Quotas& quotas = {}) const {
    std::vector<NewEvent> events;
    events.push_back(std::move(event));
    return store->append(std::move(events), quotas).at(0);
  }
  AppendedEvent append(NewEvent event) const { return try_append(std::move(event)).value(); }
  /// One delivery to this lane, due at once.
  DeliveryId put(const LaneKey& key, const std::string& message = "msg_1",
                 std::int64_t accepted = 0) const {
    return append(event_with({delivery_to(key, accepted)}, message, accepted)).ids.at(0);
  }
  /// One that comes leased.
  Claim put_leased(const LaneKey& key, const std::string& message = "msg_1",
                   std::int64_t accepted = 0) const {
    NewDelivery born = delivery_to(key, accepted);
    born.leased = true;
    Claim claim;
    claim.id = append(event_with({born}, message, accepted)).ids.at(0);
    claim.lease = 1;
    claim.lane = key;
    return claim;
  }

  StoreReply work(StoreWork round, std::int64_t now) const {
    round.now = at(now);
    round.wall = wall(now);
    round.lease_until = at(now + 60'000);
    return store->exchange(round).value();
  }

  ClaimedLane claim(LaneClaim wish, std::int64_t now) const {
    StoreWork round;
    round.claims = {std::move(wish)};
    return work(round, now).claimed.at(0);
  }
  ClaimedLane claim(const LaneKey& key, std::size_t count, std::int64_t now) const {
    return claim({key, count, false, false}, now);
  }
  ClaimedLane claim_fifo(const LaneKey& key, std::int64_t now) const {
    return claim({key, 5, false, true}, now);
  }
  /// The one claim that this lane has to give.
  Claim take(const LaneKey& key, std::int64_t now) const { return claim(key, 1, now).claims.at(0); }

  static Outcome outcome_of(const Claim& claim, Outcome::Kind kind, std::int64_t now,
                            std::int64_t due = 0) {
    Outcome outcome;
    outcome.kind = kind;
    outcome.claim = claim;
    outcome.due = at(due);
    outcome.at = wall(now);
    if (kind == Outcome::Kind::discarded) {
      outcome.reason = "gone";
    } else if (kind != Outcome::Kind::released) {
      outcome.attempt = Attempt();
      outcome.attempt->number = claim.attempts + 1;
      outcome.attempt->url = "https://a.example/";
      outcome.attempt->http_status = kind == Outcome::Kind::delivered ? 200 : 500;
      if (kind != Outcome::Kind::delivered) outcome.attempt->error = "HTTP 500";
    }
    return outcome;
  }
  RecordedOutcome record(const Claim& claim, Outcome::Kind kind, std::int64_t now,
                         std::int64_t due = 0) const {
    StoreWork round;
    round.outcomes = {outcome_of(claim, kind, now, due)};
    return work(round, now).recorded.at(0);
  }
  /// Claims what is due in the lane and brings it to this end.
  void finish(const LaneKey& key, Outcome::Kind kind, std::int64_t now) const {
    for (const Claim& claim : claim(key, 1'000, now).claims) record(claim, kind, now);
  }

  std::vector<LaneKey> list(std::size_t count, std::int64_t now,
                            std::vector<std::string> full = {}) const {
    StoreWork round;
    round.list_lanes = count;
    round.full_tenants = std::move(full);
    return work(round, now).due_lanes;
  }
  void hold(const LaneKey& key, DueTime until, std::int64_t now = 0, bool fresh = false) const {
    StoreWork round;
    round.holds = {{key, until, fresh}};
    work(round, now);
  }

  Delivery find(DeliveryId id) const { return store->find(id).value(); }
  DeliveryStatus status(DeliveryId id) const { return find(id).status; }
  bool has(DeliveryId id) const { return store->find(id).has_value(); }
  std::vector<DeliveryId> listed(const DeliveryQuery& query = {}) const {
    const DeliveryPage page = store->list(query).value();
    std::vector<DeliveryId> ids;
    for (const Delivery& delivery : page.deliveries) ids.push_back(delivery.id);
    return ids;
  }

  std::unique_ptr<DeliveryStore> store;
};

/// Makes a store that is empty.
using MakeStore = std::function<std::unique_ptr<DeliveryStore>()>;

// The contract by themes; each is a set of sections.
void check_appending(const MakeStore& create);
void check_idempotency(const MakeStore& create);
void check_claiming(const MakeStore& create);
void check_fifo(const MakeStore& create);
void check_outcomes(const MakeStore& create);
void check_lanes(const MakeStore& create);
void check_replay(const MakeStore& create);
void check_recover(const MakeStore& create);
void check_discard(const MakeStore& create);
void check_pause(const MakeStore& create);
void check_erasure(const MakeStore& create);
void check_retention(const MakeStore& create);
void check_queries(const MakeStore& create);

}  // namespace hookline::fakes
