#include "store/sqlite_outcomes.hpp"

#include <algorithm>

#include "deliver/delivery_record.hpp"

namespace hookline::detail {

std::vector<RecordedOutcome> SqliteOutcomes::record(const std::vector<Outcome>& outcomes) {
  std::vector<RecordedOutcome> recorded(outcomes.size());
  if (outcomes.empty()) return recorded;
  std::vector<DeliveryId> ids;
  ids.reserve(outcomes.size());
  for (const Outcome& outcome : outcomes) ids.push_back(outcome.claim.id);
  auto rows = tables_.find_all(ids);
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const auto row = rows.find(ids[i]);
    if (row != rows.end()) recorded[i] = record(row->second, outcomes[i]);
  }
  write();
  return recorded;
}

RecordedOutcome SqliteOutcomes::record(SqliteRow& row, const Outcome& outcome) {
  RecordedOutcome recorded;
  if (row.status != DeliveryStatus::in_flight || row.lease != outcome.claim.lease) return recorded;
  recorded.recorded = true;
  SqliteLane& lane = tables_.lanes.at(row.lane);
  note_health(lane, outcome);
  if (lane.failing_since) recorded.failing_since = to_due(*lane.failing_since);
  if (!is_finished(status_after(outcome.kind)) && row.taken_off) {
    recorded.taken_off = *row.taken_off;
    Outcome& last = changed_.emplace_back(outcome);
    last.kind = Outcome::Kind::discarded;
    last.reason = recorded.taken_off;
    add(row, last);
  } else {
    add(row, outcome);
  }
  return recorded;
}

/// Only what a receiver has answered, or failed to, tells whether a lane is failing.
void SqliteOutcomes::note_health(SqliteLane& lane, const Outcome& outcome) const {
  const bool failed =
      outcome.kind == Outcome::Kind::retry || outcome.kind == Outcome::Kind::exhausted;
  const std::optional<Micros> before = lane.failing_since;
  if (outcome.kind == Outcome::Kind::delivered) {
    lane.failing_since.reset();
  } else if (failed && outcome.attempt && !lane.failing_since) {
    lane.failing_since = to_micros(now_);
  }
  if (lane.failing_since != before) lane.dirty = true;
}

void SqliteOutcomes::add(SqliteRow& row, const Outcome& outcome) {
  const DeliveryStatus status = status_after(outcome.kind);
  const bool over = is_finished(status);
  const Micros due = over ? row.due : to_micros(outcome.due);
  const auto ended = over ? std::optional(now_) : std::nullopt;
  const auto finished = over ? std::optional(outcome.at) : std::nullopt;
  if (outcome.attempt) {
    const Attempt& attempt = *outcome.attempt;
    (over ? ended_ : tried_)
        .add(row.id, status, due, attempt.number, attempt.http_status, error_of(outcome, attempt),
             attempt.url, phase_of(status), ended, finished);
    add_attempt(row.id, attempt);
  } else {
    const auto reason =
        outcome.reason.empty() ? std::nullopt : std::optional<std::string_view>(outcome.reason);
    without_attempt_.add(row.id, status, due, reason, phase_of(status), ended, finished);
  }
  tables_.moved(row, status, due, to_micros(now_));
}

void SqliteOutcomes::add_attempt(DeliveryId id, const Attempt& attempt) {
  attempts_.add(id * 1024 + std::min(attempt.number, 1023u), attempt.number, attempt.started_at,
                attempt.duration.count(), attempt.http_status, attempt.failure, attempt.error,
                attempt.url, Blob{attempt.response_body});
}

void SqliteOutcomes::write() {
  tables_.db.run_for(ended_,
                     "UPDATE OR FAIL delivery SET status=c2,due=c3,owner=NULL,attempts=c4,"
                     "http_status=c5,error=c6,url=c7,phase=c8,ended=c9,finished=c10 FROM feed "
                     "WHERE id=c1");
  // A column that is named has all of its indexes written anew, even if it stays as it is: the
  // phase is not named.
  tables_.db.run_for(tried_,
                     "UPDATE OR FAIL delivery SET status=c2,due=c3,owner=NULL,attempts=c4,"
                     "http_status=c5,error=c6,url=c7 FROM feed WHERE id=c1");
  tables_.db.run_for(without_attempt_,
                     "UPDATE OR FAIL delivery SET status=c2,due=c3,owner=NULL,"
                     "error=ifnull(c4,error),phase=c5,ended=c6,finished=c7 FROM feed WHERE id=c1");
  write_attempts();
}

/// The number of an attempt is its place as a rule; another of that number comes behind the last,
/// and is not kept where there is no room for more.
void SqliteOutcomes::write_attempts() {
  std::vector<std::int64_t> taken;
  {
    SqliteRows rows =
        tables_.db.query_for(attempts_, "SELECT id FROM feed CROSS JOIN attempt ON id=c1");
    while (rows.next()) taken.push_back(rows.integer(0));
  }
  for (std::size_t row = 0; row < attempts_.size() && !taken.empty(); ++row) {
    const std::int64_t place = attempts_.value(row, 0).integer;
    if (std::find(taken.begin(), taken.end(), place) == taken.end()) continue;
    const auto last = tables_.db.value(
        "SELECT id FROM attempt WHERE id>=?1*1024 AND id<(?1+1)*1024 ORDER BY id DESC LIMIT 1",
        place / 1024);
    attempts_.set(row, 0, value_of(std::min(last.value_or(place) + 1, place | 1023)));
  }
  tables_.db.run_for(attempts_,
                     "INSERT OR IGNORE INTO attempt SELECT c1,c2,c3,c4,c5,c6,c7,c8,c9 FROM feed");
}

}  // namespace hookline::detail
