#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "hookline/delivery_store.hpp"
#include "store/sqlite_connection.hpp"
#include "store/sqlite_counters.hpp"
#include "store/sqlite_lanes.hpp"

namespace hookline::detail {

/// What decides where a delivery goes next; the columns that change with its state.
struct SqliteRow {
  DeliveryId id = 0;
  std::int64_t event = 0;
  std::int64_t lane = 0;
  std::int64_t tenant = 0;
  DeliveryStatus status = DeliveryStatus::pending;
  Micros due = 0;      ///< of the next try; of the lease's end while in flight
  Micros was_due = 0;  ///< once claimed: when that try was due
  std::uint64_t lease = 0;
  std::uint32_t lost = 0;  ///< leases that ended without an outcome
  std::uint64_t size = 0;  ///< of its body
  bool basic = false;
  bool fresh = false;                    ///< in flight since it came; see the schema
  std::optional<std::string> taken_off;  ///< by a command while a request was out: why
};

/// The tables as a transaction sees them. Every change of a delivery goes through here, so that
/// counters, lanes and events stay in step with it. What is known of counters and lanes stays for
/// the next transaction, as long as nobody else has written in between and none has failed.
struct SqliteTables {
  SqliteTables(SqliteConnection& connection, std::int64_t number)
      : db(connection), instance(number), counters(connection), lanes(connection, counters) {}

  SqliteConnection& db;
  const std::int64_t instance;  ///< the number of who asks
  SqliteCounters counters;
  SqliteLanes lanes;
  DueTime now = DueTime::min();  ///< the latest of the transaction

  void begin();
  void flush();
  /// So much is known that it is time to begin anew.
  [[nodiscard]] bool is_full() const;

  /// The rows of new events gather here until `write_new`, which comes before whatever looks for
  /// them. Their texts are the events'.
  SqliteFeed new_events;
  SqliteFeed new_bodies;
  SqliteFeed new_deliveries;
  void write_new();

  /// Writes what is gathered for events; `event.unfinished` and `event.ended` are behind till then.
  void flush_events();

  [[nodiscard]] std::optional<SqliteRow> find(DeliveryId id);
  /// Those of these that are there.
  [[nodiscard]] std::unordered_map<DeliveryId, SqliteRow> find_all(
      const std::vector<DeliveryId>& ids);

  /// A delivery that was just inserted stands there.
  void entered(const SqliteRow& row);
  void set_waiting(SqliteRow& row, Micros due);
  void set_leased(SqliteRow& row, Micros until);
  void set_discarded(SqliteRow& row, const std::string& reason, const Moment& at);
  /// For a change that writes the row itself.
  void moved(SqliteRow& row, DeliveryStatus status, Micros due, Micros ended);

  /// Removes a delivery with its attempts, and its event with the last of them.
  void remove(const SqliteRow& row);

  [[nodiscard]] std::shared_ptr<const std::string> body(std::int64_t event, bool basic);

 private:
  /// A delivery of this event has ended then.
  struct Progress {
    std::int64_t event = 0;
    Micros ended = kAlways;
  };

  void forget_event_if_empty(std::int64_t event);

  std::vector<Progress> progress_;

  /// Bodies that this transaction has read: deliveries of an event share one.
  std::unordered_map<std::int64_t, std::shared_ptr<const std::string>> bodies_;
};

/// Where a body stands.
[[nodiscard]] constexpr std::int64_t body_id(std::int64_t event, bool basic) {
  return event * 2 + (basic ? 1 : 0);
}

/// `delivery.phase`, but for fresh deliveries; see the schema.
[[nodiscard]] constexpr int phase_of(DeliveryStatus status) {
  switch (status) {
    case DeliveryStatus::delivered:
      return 1;
    case DeliveryStatus::exhausted:
      return 2;
    case DeliveryStatus::discarded:
      return 3;
    default:
      return 0;
  }
}

}  // namespace hookline::detail
