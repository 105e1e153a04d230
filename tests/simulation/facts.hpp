#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "deliver/delivery_core.hpp"
#include "deliver/lane.hpp"
#include "hookline/delivery_store.hpp"
#include "simulation/script.hpp"

namespace hookline::simulation {

/// Time that has really passed since the world began, or a part of it.
using Span = DueClock::duration;

/// What is true of a delivery: what the store has recorded of it, and what was sent.
struct DeliveryFacts {
  int receiver = 0;
  std::string import_id;
  std::string body;
  DueTime accepted{};
  DueTime not_before{};
  std::uint32_t failures = 0;             ///< recorded tries that counted
  std::uint64_t lease = 0;                ///< the newest that was given out
  std::vector<std::uint64_t> sent_under;  ///< the leases of its requests
  bool leased = false;
  DueTime lease_until{};
  int leased_by = 0;      ///< an instance
  std::string taken_off;  ///< why a command wants it gone, while a request is out
  std::optional<DeliveryStatus> outcome;
  DueTime ended{};
  bool erased = false;
};

/// An answer that is to be recorded, and what the schedule makes of it.
struct AnswerFacts {
  enum class Kind { success, failure, gone, unusable, cancelled };
  Kind kind = Kind::success;
  bool recorded = false;
  bool offline = false;        ///< the core knew at the time that the sender has no network
  bool offline_since = false;  ///< it found out with this answer or before it was recorded
  bool unreached = false;      ///< nobody was there
  DueTime at{};
  DueTime earliest{};  ///< the next try
  DueTime latest{};
};

/// A lane as one instance knows it.
struct LaneFacts {
  std::set<DeliveryId> out;
  std::optional<DueTime> last_start;
  DueTime next_start = DueTime::min();  ///< as the rate limit says
  std::optional<DueTime> last_success;
  std::uint32_t failures = 0;  ///< in a row
  std::uint32_t rests = 0;
  DueTime rests_until = DueTime::min();
  DueTime asked_until = DueTime::min();
};

struct InstanceFacts {
  std::uint64_t life = 0;
  bool alive = false;
  bool paused = false;
  std::set<int> unreached;  ///< receivers, since the last answer from anybody
  Span offset{0};           ///< of its due times, from the time that has really passed
  std::size_t out = 0;
  std::map<int, LaneFacts> lanes;
  std::unordered_map<DeliveryId, AnswerFacts> answers;
};

struct ReceiverFacts {
  ReceiverPlan plan;
  detail::LaneSettings settings;
  bool removed_once = false;
  bool said_gone = false;                ///< answered 410 since it was last opened
  std::optional<DueTime> failing_since;  ///< the first failure since the last success
  std::set<DeliveryId> unfinished;
  Span last_order{0};
  Span disturbed_until{0};  ///< before that a lack of progress has its reason
};

/// An idempotency key as it was used first.
struct KeyFacts {
  IdempotencyKey key;
  std::string import_id;
  std::vector<DeliveryId> ids;
};

struct Facts {
  const Script* script = nullptr;
  Span now{0};
  std::map<int, ReceiverFacts> receivers;
  std::map<DeliveryId, DeliveryFacts> deliveries;
  std::set<std::pair<DueTime, DeliveryId>> leases;               ///< by the time they end
  std::map<std::pair<std::string, std::string>, KeyFacts> keys;  ///< by tenant and key
  std::array<InstanceFacts, 2> instances;
  std::size_t unfinished = 0;
  bool paused = false;
  Span disturbed_until{0};

  /// Whether there can be so many lanes that some are forgotten: how they have been doing, and
  /// until when they have to wait.
  [[nodiscard]] bool forgetful() const {
    return receivers.size() > script->max_idle_lanes + 4 * script->max_in_flight;
  }
  [[nodiscard]] bool offline(int instance) const {
    return instances.at(static_cast<std::size_t>(instance)).unreached.size() >=
           detail::Reachability::kOrigins;
  }
  [[nodiscard]] DueTime due_now(int instance) const {
    return DueTime(now + instances.at(static_cast<std::size_t>(instance)).offset);
  }
};

[[nodiscard]] std::string tenant_name(int tenant);
[[nodiscard]] LaneKey lane_key(const ReceiverPlan& plan);
/// The receiver whose lane it is. REQUIRES: a key that `lane_key` made, but for the tenant.
[[nodiscard]] int receiver_of(const LaneKey& lane);

}  // namespace hookline::simulation
