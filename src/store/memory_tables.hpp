#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "hookline/delivery_store.hpp"
#include "hookline/memory_store.hpp"

namespace hookline::detail {

/// What the deliveries of an event share.
struct EventRow {
  std::shared_ptr<const std::string> managed_body;
  std::shared_ptr<const std::string> basic_body;
};

struct LaneRow;

struct DeliveryRow {
  Delivery record;
  std::string url;  ///< of a basic webhook, whole
  std::shared_ptr<const EventRow> event;
  LaneRow* lane = nullptr;
  std::uint64_t lease = 0;
  std::uint32_t lost = 0;  ///< leases that ended without an outcome
  DueTime due{};           ///< of the next try; of the lease's end while claimed
  std::vector<Attempt> attempts;
};

struct LaneRow {
  LaneKey key;
  std::uint64_t number = 0;  ///< orders lanes that are due at the same time, the older first
  std::set<std::pair<DueTime, DeliveryId>> waiting;
  DueTime hold = DueTime::min();
  std::size_t rows = 0;  ///< deliveries of the lane, finished ones too

  /// When the lane is to be listed: when its first delivery is due, not before its hold ends.
  [[nodiscard]] std::optional<DueTime> listed_at() const {
    if (waiting.empty() || hold == DueTime::max()) return std::nullopt;
    return std::max(waiting.begin()->first, hold);
  }
};

/// The tables of `MemoryStore` and the indexes over them, kept in step with each other. The public
/// class locks; nothing here does.
class MemoryTables {
 public:
  explicit MemoryTables(MemoryStoreOptions options) : options_(options) {}

  Result<std::vector<DeliveryId>> append(NewEvent event);
  Result<Delivery> replay(DeliveryId id, std::chrono::system_clock::time_point created_at,
                          DueTime due);

  void end_holds();
  void end_leases(DueTime now);
  bool record(const Outcome& outcome);
  void hold(const LaneHold& hold);
  ClaimedLane claim(const LaneClaim& wish, const StoreWork& work);
  std::vector<LaneKey> list_due(std::size_t count, DueTime now);
  [[nodiscard]] std::optional<DueTime> next_due() const;

  [[nodiscard]] const DeliveryRow* find(DeliveryId id) const;
  [[nodiscard]] const std::map<DeliveryId, DeliveryRow>& deliveries() const { return deliveries_; }
  [[nodiscard]] DeliveryCounts counts() const;
  [[nodiscard]] bool has_unfinished(DeliveryId up_to) const;

 private:
  using Listing = std::pair<DueTime, LaneRow*>;
  struct ListedBefore {
    bool operator()(const Listing& a, const Listing& b) const {
      return a.first != b.first ? a.first < b.first : a.second->number < b.second->number;
    }
  };

  bool make_room(std::size_t deliveries, std::size_t bytes);
  DeliveryRow& insert(Delivery record, const LaneKey& lane, std::shared_ptr<const EventRow> event);
  void set_waiting(DeliveryRow& row, DueTime due);
  void set_leased(DeliveryRow& row, DueTime until);
  void set_finished(DeliveryRow& row);
  void leave_index(DeliveryRow& row);
  void forget(DeliveryId id);
  [[nodiscard]] static Claim make_claim(const DeliveryRow& row, DueTime due);

  LaneRow& lane_at(const LaneKey& key);
  template <class Change>
  void change_lane(LaneRow& lane, Change change);
  void forget_if_idle(LaneRow& lane);
  [[nodiscard]] std::uint64_t& counter(DeliveryStatus status);
  void set_status(DeliveryRow& row, DeliveryStatus status);

  const MemoryStoreOptions options_;
  DeliveryId last_id_ = 0;
  std::uint64_t last_lane_ = 0;
  std::size_t bytes_ = 0;
  DeliveryCounts counts_;
  std::map<DeliveryId, DeliveryRow> deliveries_;
  std::unordered_map<LaneKey, LaneRow, LaneKeyHash> lanes_;
  std::set<Listing, ListedBefore> listings_;         ///< lanes by the time they are to be listed
  std::set<std::pair<DueTime, DeliveryId>> leases_;  ///< claimed deliveries by the end of the lease
  std::set<DeliveryId> unfinished_;
  std::deque<DeliveryId> finished_;  ///< in the order in which they ended
};

}  // namespace hookline::detail
