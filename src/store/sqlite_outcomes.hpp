#pragma once

#include <deque>
#include <vector>

#include "store/sqlite_tables.hpp"

namespace hookline::detail {

/// Records what became of deliveries: of each the row, and the attempt if there was one. What a
/// round has to record is read with one statement, and written with one for each kind.
class SqliteOutcomes {
 public:
  SqliteOutcomes(SqliteTables& tables, DueTime now) : tables_(tables), now_(now) {}

  /// Those whose lease is not the delivery's any more are not recorded.
  [[nodiscard]] std::vector<RecordedOutcome> record(const std::vector<Outcome>& outcomes);

 private:
  [[nodiscard]] RecordedOutcome record(SqliteRow& row, const Outcome& outcome);
  void note_health(SqliteLane& lane, const Outcome& outcome) const;
  void add(SqliteRow& row, const Outcome& outcome);
  void add_attempt(DeliveryId id, const Attempt& attempt);
  void write();
  void write_attempts();

  SqliteTables& tables_;
  const DueTime now_;
  std::deque<Outcome> changed_;  ///< those that are not recorded as they came
  SqliteFeed ended_;             ///< by an attempt
  SqliteFeed tried_;             ///< and to be tried again
  SqliteFeed without_attempt_;
  SqliteFeed attempts_;
};

}  // namespace hookline::detail
