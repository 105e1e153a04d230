#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "hookline/delivery_store.hpp"
#include "store/memory_room.hpp"

namespace hookline::detail {

/// Numbered things in the order of their times; those of one time in the order of their numbers.
using Timetable = std::set<std::pair<DueTime, std::uint64_t>>;

/// Moves a number in a timetable from the place it is at, if any, to the one it should be at.
inline void move(Timetable& table, std::uint64_t number, std::optional<DueTime>& place,
                 std::optional<DueTime> to) {
  if (place == to) return;
  if (place && to) {
    auto entry = table.extract({*place, number});
    entry.value().first = *to;
    table.insert(std::move(entry));
  } else if (place) {
    table.erase({*place, number});
  } else {
    table.emplace_hint(table.end(), *to, number);  // most times are the latest
  }
  place = to;
}

struct LaneRow;

/// What the deliveries of an event share.
struct EventRow {
  std::uint64_t number = 0;
  std::shared_ptr<const std::string> managed_body;
  std::shared_ptr<const std::string> basic_body;
  std::set<std::pair<std::uint64_t, DeliveryId>> deliveries;  ///< by the number of their lane
  std::size_t unfinished = 0;
  DueTime ended = DueTime::min();  ///< when a delivery of it ended last
  std::optional<DueTime> resting;  ///< its place among the events whose bodies may be dropped
  Weight weight;                   ///< of the bodies

  [[nodiscard]] bool has_body() const { return managed_body || basic_body; }
};

struct DeliveryRow {
  Delivery record;
  std::string url;  ///< of a basic webhook, whole
  EventRow* event = nullptr;
  LaneRow* lane = nullptr;
  DueTime accepted{};
  /// Of the next try; once claimed, of the lease's end; once finished, when it ended.
  DueTime at{};
  DueTime due{};  ///< once claimed: when it was due
  std::uint64_t lease = 0;
  std::uint32_t lost = 0;                ///< leases that ended without an outcome
  std::optional<std::string> taken_off;  ///< by a command while a request was out: why
  std::vector<Attempt> attempts;
  Weight weight;

  [[nodiscard]] const std::shared_ptr<const std::string>& body() const {
    return record.webhook_id.empty() ? event->basic_body : event->managed_body;
  }
};

/// Where a delivery stands in a tally: nowhere before it is stored and once it has gone.
using Standing = std::optional<DeliveryStatus>;

/// How many of some deliveries stand where.
class Tally {
 public:
  void move(const DeliveryRow& row, Standing from, Standing to);

  [[nodiscard]] DeliveryCounts counts() const;
  /// Without an outcome, and when they were accepted.
  [[nodiscard]] const std::map<DeliveryId, std::chrono::system_clock::time_point>& unfinished()
      const {
    return unfinished_;
  }
  [[nodiscard]] bool empty() const;  ///< without any delivery, finished ones too

 private:
  [[nodiscard]] std::uint64_t& counter(DeliveryStatus status);

  DeliveryCounts counts_;
  std::map<DeliveryId, std::chrono::system_clock::time_point> unfinished_;
};

/// The lanes and sums of one tenant.
struct TenantRow {
  std::string name;
  Tally tally;
  std::size_t lanes = 0;
  Timetable listings;               ///< its lanes, by the time at which they are to be listed
  DueTime served = DueTime::min();  ///< when a lane of it was listed last
  std::uint64_t turn = 0;           ///< orders tenants of one time, the one served last behind
  std::optional<std::pair<DueTime, std::uint64_t>> in_turn;  ///< its place in the order of turns
};

struct LaneRow {
  LaneKey key;
  std::uint64_t number = 0;
  TenantRow* tenant = nullptr;
  Tally tally;
  Timetable waiting;            ///< pending deliveries, by the time at which they are due
  std::set<DeliveryId> failed;  ///< exhausted and discarded ones, which can be recovered
  DueTime hold = DueTime::min();
  std::optional<DeliveryId> blocked_by;  ///< the delivery that the hold is about, in a fifo lane
  std::optional<DueTime> failing_since;  ///< as in `RecordedOutcome`
  std::optional<DueTime> listed;         ///< its place in its tenant's listings
  std::optional<DueTime> idle;           ///< its place among lanes without deliveries
};

}  // namespace hookline::detail
