#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "hookline/delivery_store.hpp"
#include "store/sqlite_connection.hpp"
#include "store/sqlite_counters.hpp"

namespace hookline::detail {

/// The row of a lane.
struct SqliteLane {
  std::int64_t id = 0;
  std::int64_t tenant = 0;
  LaneKey key;
  std::int64_t pending = 0;
  std::int64_t in_flight = 0;
  std::int64_t deliveries = 0;  ///< those with an outcome too
  std::optional<Micros> head;   ///< when the first pending delivery is due
  std::optional<Micros> hold;   ///< not listed before; none and `kAlways` are the same
  std::optional<std::int64_t> holder;
  std::optional<std::int64_t> blocked_by;
  std::optional<Micros> failing_since;

  bool busy = false;  ///< one has waited since all had an outcome

  bool dirty = false;
  bool touched = false;    ///< since the last `SqliteLanes::flush`
  bool head_known = true;  ///< if not, the row's index tells

  /// What the indexes go by.
  struct Place {
    std::optional<Micros> hold;
    std::optional<std::int64_t> holder;
    std::optional<std::int64_t> blocked_by;
    std::optional<Micros> listed_at;
    bool empty = true;
    bool busy = false;
  };
  Place written;  ///< as it stands in the row

  /// REQUIRES: `head_known`.
  [[nodiscard]] Place place() const;
  void set_hold(Micros until, std::optional<std::int64_t> by);
  /// Until something becomes of this delivery, or until then.
  void block(Micros until, std::int64_t delivery);
  void end_hold() { set_hold(kAlways, std::nullopt); }
};

/// The lanes that transactions have touched, each read once, and written once in each of them.
///
/// References stay good until `flush` or one of the functions that forget lanes.
class SqliteLanes {
 public:
  SqliteLanes(SqliteConnection& db, SqliteCounters& counters) : db_(db), counters_(counters) {}

  [[nodiscard]] SqliteLane* find(const LaneKey& key);  ///< null if there is none
  [[nodiscard]] SqliteLane& at(const LaneKey& key);    ///< added if there is none
  [[nodiscard]] SqliteLane& at(std::int64_t id);

  /// A delivery of the lane stands there from now on, or no more. `deliveries` is the caller's.
  void enter(SqliteLane& lane, DeliveryStatus status, Micros due);
  void leave(SqliteLane& lane, DeliveryStatus status, Micros due);
  [[nodiscard]] std::optional<Micros> head(SqliteLane& lane);

  /// Those of an instance; without one those that end with a delivery.
  void end_holds_of(std::optional<std::int64_t> instance);

  /// Lanes that have something due, as `StoreWork::list_lanes` says; they are held for `instance`.
  [[nodiscard]] std::vector<LaneKey> list(const StoreWork& work, std::int64_t instance);
  /// When a lane is next to be listed, but for those of full tenants.
  [[nodiscard]] std::optional<Micros> next_listing(const std::vector<std::string>& full_tenants);

  /// Forgets lanes without deliveries whose hold has ended; a few at a time.
  void forget_idle(Micros now);
  /// Of these, or of a tenant's, those that have no deliveries, whatever their hold.
  void forget_empty(const std::vector<std::int64_t>& lanes);
  void forget_empty_of(std::int64_t tenant);

  /// Writes what has changed.
  void flush();
  [[nodiscard]] std::size_t lanes_known() const { return lanes_.size(); }

 private:
  struct Turn;

  [[nodiscard]] SqliteLane* load(SqliteRows& rows);
  SqliteLane& touch(SqliteLane& lane);
  void forget(std::int64_t id);
  void write(SqliteLane& lane);
  void refresh_turn(std::int64_t tenant);
  [[nodiscard]] std::optional<Turn> next_turn(const Turn& after);
  [[nodiscard]] LaneKey serve(const Turn& turn, const StoreWork& work, std::int64_t instance);

  SqliteConnection& db_;
  SqliteCounters& counters_;
  std::unordered_map<std::int64_t, SqliteLane> lanes_;
  std::unordered_map<LaneKey, std::int64_t, LaneKeyHash> ids_;
  std::vector<SqliteLane*> touched_;
  SqliteFeed counts_;  ///< of lanes that stay where they are in the indexes
};

}  // namespace hookline::detail
