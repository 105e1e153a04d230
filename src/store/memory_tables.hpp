#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "hookline/delivery_store.hpp"
#include "hookline/memory_store.hpp"
#include "store/memory_keys.hpp"
#include "store/memory_lanes.hpp"
#include "store/memory_room.hpp"
#include "store/memory_rows.hpp"

namespace hookline::detail {

/// The tables of `MemoryStore`, with the indexes and sums over them, which follow every change of a
/// row. What the store promises is written with these in `memory_append`, `memory_round`,
/// `memory_retention` and `memory_commands`. The public class locks; nothing here does.
class MemoryTables {
 public:
  explicit MemoryTables(MemoryStoreOptions bounds) : room_(bounds), keys_(room_) {}
  MemoryTables(const MemoryTables&) = delete;
  MemoryTables& operator=(const MemoryTables&) = delete;

  /// An event without deliveries yet. REQUIRES: one is inserted before anything else is done.
  EventRow& add_event(std::shared_ptr<const std::string> managed_body,
                      std::shared_ptr<const std::string> basic_body);
  /// Gives it the next id. REQUIRES: event and lane are set.
  DeliveryRow& insert(DeliveryRow row);
  /// Changes a row by this function, and with it every index and sum that it is in.
  template <class Change>
  void change(DeliveryRow& row, Change by);
  /// Ends a delivery without an attempt.
  void end(DeliveryRow& row, DeliveryStatus status, const std::string& reason, const Moment& now);
  /// Removes a delivery, and its event if it was the last one of that.
  void forget(DeliveryRow& row);
  void drop_bodies(EventRow& event);

  /// Whether so much more has room when everything that is finished has left: `store_full`.
  [[nodiscard]] Result<void> check_room(const Weight& more) const;
  /// Lets finished deliveries leave, the oldest first, until so much more has room.
  void make_room(const Weight& more = {});

  [[nodiscard]] DeliveryRow* find(DeliveryId id);
  [[nodiscard]] const std::map<DeliveryId, DeliveryRow>& deliveries() const { return deliveries_; }
  [[nodiscard]] EventRow& event(std::uint64_t number) { return events_.at(number); }
  [[nodiscard]] MemoryLanes& lanes() { return lanes_; }
  [[nodiscard]] const MemoryLanes& lanes() const { return lanes_; }
  [[nodiscard]] MemoryKeys& keys() { return keys_; }
  [[nodiscard]] DeliveryId last_id() const { return last_id_; }
  /// Of all deliveries, or those of one tenant.
  [[nodiscard]] const Tally& tally(const std::optional<std::string>& tenant) const;

  [[nodiscard]] const Timetable& pending() const { return pending_; }      ///< when accepted
  [[nodiscard]] const Timetable& leased() const { return leased_; }        ///< when the lease ends
  [[nodiscard]] const Timetable& delivered() const { return delivered_; }  ///< when it ended
  [[nodiscard]] const Timetable& failed() const { return failed_; }        ///< when it ended
  /// Events with bodies that nothing unfinished needs, by the end of their last delivery.
  [[nodiscard]] const Timetable& resting() const { return resting_; }

 private:
  /// The timetable that a delivery of this status is in, and its place there.
  [[nodiscard]] Timetable& timetable_of(const DeliveryRow& row);
  [[nodiscard]] static Timetable::value_type place_of(const DeliveryRow& row);
  void count(DeliveryRow& row, Standing from, Standing to);
  void index(EventRow& event);
  void forget(EventRow& event);

  DeliveryId last_id_ = 0;
  std::uint64_t last_event_ = 0;
  MemoryRoom room_;
  MemoryLanes lanes_;
  MemoryKeys keys_;
  std::map<std::uint64_t, EventRow> events_;
  std::map<DeliveryId, DeliveryRow> deliveries_;
  Tally all_;
  Timetable pending_;
  Timetable leased_;
  Timetable delivered_;
  Timetable failed_;
  Timetable resting_;
};

template <class Change>
void MemoryTables::change(DeliveryRow& row, Change by) {
  const DeliveryStatus before = row.record.status;
  Timetable::node_type entry = timetable_of(row).extract(place_of(row));
  lanes_.leave(row);
  by();
  entry.value() = place_of(row);
  Timetable& timetable = timetable_of(row);
  timetable.insert(timetable.end(), std::move(entry));  // most times are the latest
  lanes_.enter(row);
  count(row, before, row.record.status);
}

/// What a delivery takes, as estimated, and what an event does whose deliveries share these bodies.
[[nodiscard]] std::size_t size_of(const DeliveryRow& row);
[[nodiscard]] std::size_t size_of_event(const std::shared_ptr<const std::string>& managed_body,
                                        const std::shared_ptr<const std::string>& basic_body);

}  // namespace hookline::detail
