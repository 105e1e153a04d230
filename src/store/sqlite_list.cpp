#include <algorithm>
#include <utility>

#include "store/sqlite_records.hpp"
#include "store/sqlite_tables.hpp"

namespace hookline::detail {
namespace {

/// Ids by the narrowest index that a query allows. Indexes have them in order for one tenant, lane
/// or phase at a time; what is asked for over several is merged, `count` of each at most.
class IdSearch {
 public:
  IdSearch(SqliteConnection& db, const DeliveryQuery& query, std::size_t count, bool unfinished)
      : db_(db), query_(query), count_(static_cast<std::int64_t>(count)) {
    if (unfinished) {
      phases_ = {0};
      last_status_ = DeliveryStatus::in_flight;
    } else if (query.status) {
      status_ = query.status;
      phases_ = {phase_of(*status_)};
    } else {
      phases_ = {0, 1, 2, 3};
    }
  }

  std::vector<DeliveryId> run() {
    if (query_.tenant) {
      tenant_ = db_.value("SELECT id FROM tenant WHERE name=?1", *query_.tenant);
      if (!tenant_) return {};
    }
    if (query_.id) {
      by_id();
    } else if (query_.message_id) {
      by_message();
    } else if (query_.import_id) {
      by_import();
    } else if (status_ == DeliveryStatus::in_flight) {
      in_flight(false);
    } else {
      if (!status_) in_flight(true);
      by_phase();
    }
    return merged();
  }

 private:
  void collect(SqliteRows rows) {
    while (rows.next()) ids_.push_back(static_cast<DeliveryId>(rows.integer(0)));
  }

  // The rest of the query is checked row by row: what these find is few.

  void by_id() {
    collect(db_.query(
        "SELECT d.id FROM delivery d JOIN event e ON e.id=d.event JOIN lane l ON l.id=d.lane "
        "WHERE d.id=?1 AND d.id>?2 AND (?3 IS NULL OR d.tenant=?3) AND (?4 IS NULL OR "
        "l.webhook=?4) AND (?5 IS NULL OR d.status=?5) AND d.status<=?6 AND "
        "(?7 IS NULL OR e.import=?7) AND (?8 IS NULL OR e.message=?8)",
        *query_.id, query_.after, tenant_, query_.webhook_id, status_, last_status_,
        query_.import_id, query_.message_id));
  }

  // CROSS JOIN and INDEXED BY hold the planner to the way in: it knows nothing of how much is
  // where.

  void by_message() {
    collect_of_events(
        "SELECT d.id FROM event e CROSS JOIN delivery d ON d.id>=e.id AND d.id<e.id+e.deliveries "
        "JOIN lane l ON l.id=d.lane WHERE e.message=?7 AND d.id>?1 AND (?2 IS NULL OR d.tenant=?2) "
        "AND (?3 IS NULL OR l.webhook=?3) AND (?4 IS NULL OR d.status=?4) AND d.status<=?5 AND "
        "(?6 IS NULL OR e.import=?6) ORDER BY d.id LIMIT ?8",
        "SELECT d.id FROM event e CROSS JOIN delivery d ON d.event=e.id AND d.replay_of IS NOT "
        "NULL JOIN lane l ON l.id=d.lane WHERE e.message=?7 AND d.id>?1 AND (?2 IS NULL OR "
        "d.tenant=?2) AND (?3 IS NULL OR l.webhook=?3) AND (?4 IS NULL OR d.status=?4) AND "
        "d.status<=?5 AND (?6 IS NULL OR e.import=?6) ORDER BY d.id LIMIT ?8",
        query_.import_id, *query_.message_id);
  }

  void by_import() {
    collect_of_events(
        "SELECT d.id FROM event e CROSS JOIN delivery d ON d.id>=e.id AND d.id<e.id+e.deliveries "
        "JOIN lane l ON l.id=d.lane WHERE e.import=?7 AND d.id>?1 AND (?2 IS NULL OR d.tenant=?2) "
        "AND (?3 IS NULL OR l.webhook=?3) AND (?4 IS NULL OR d.status=?4) AND d.status<=?5 AND "
        "?6 IS NULL ORDER BY d.id LIMIT ?8",
        "SELECT d.id FROM event e CROSS JOIN delivery d ON d.event=e.id AND d.replay_of IS NOT "
        "NULL JOIN lane l ON l.id=d.lane WHERE e.import=?7 AND d.id>?1 AND (?2 IS NULL OR "
        "d.tenant=?2) AND (?3 IS NULL OR l.webhook=?3) AND (?4 IS NULL OR d.status=?4) AND "
        "d.status<=?5 AND ?6 IS NULL ORDER BY d.id LIMIT ?8",
        std::optional<std::string>(), *query_.import_id);
  }

  /// The deliveries that came with the events, and those that repeat them.
  void collect_of_events(const char* originals, const char* replays,
                         const std::optional<std::string>& import, const std::string& name) {
    for (const char* sql : {originals, replays}) {
      collect(db_.query(sql, query_.after, tenant_, query_.webhook_id, status_, last_status_,
                        import, name, count_));
    }
  }

  /// Few are, at any time. The fresh ones are in no index by phase.
  void in_flight(bool fresh) {
    collect(db_.query(
        "SELECT d.id FROM delivery d INDEXED BY delivery_lease JOIN lane l ON l.id=d.lane WHERE "
        "d.status=1 AND d.id>?1 AND (?2 IS NULL OR d.tenant=?2) AND (?3 IS NULL OR l.webhook=?3) "
        "AND (?4=0 OR d.phase IS NULL) ORDER BY d.id LIMIT ?5",
        query_.after, tenant_, query_.webhook_id, fresh, count_));
  }

  void by_phase() {
    const bool basic = query_.webhook_id && query_.webhook_id->empty();
    if (query_.webhook_id && !basic) {
      for (const std::int64_t lane : lanes()) {
        for (const int phase : phases_) in_lane(lane, phase);
      }
      return;
    }
    for (const int phase : phases_) {
      if (tenant_) {
        of_tenant(phase, true);
        if (!basic) of_tenant(phase, false);
      } else {
        of_all(phase, basic);
      }
    }
  }

  /// More than one only if an id was removed and came back under another tenant.
  std::vector<std::int64_t> lanes() {
    std::vector<std::int64_t> lanes;
    SqliteRows rows =
        db_.query("SELECT id FROM lane WHERE webhook=?1 AND (?2 IS NULL OR tenant=?2)",
                  *query_.webhook_id, tenant_);
    while (rows.next()) lanes.push_back(rows.integer(0));
    return lanes;
  }

  void in_lane(std::int64_t lane, int phase) {
    collect(db_.query(
        "SELECT id FROM delivery INDEXED BY delivery_lane WHERE phase=?1 AND lane=?2 AND id>?3 AND "
        "(?4 IS NULL OR status=?4) ORDER BY id LIMIT ?5",
        phase, lane, query_.after, status_, count_));
  }

  void of_tenant(int phase, bool basic) {
    collect(db_.query(
        "SELECT id FROM delivery INDEXED BY delivery_tenant WHERE phase=?1 AND tenant=?2 AND "
        "basic=?3 AND id>?4 AND (?5 IS NULL OR status=?5) ORDER BY id LIMIT ?6",
        phase, *tenant_, basic, query_.after, status_, count_));
  }

  void of_all(int phase, bool basic) {
    collect(db_.query(
        "SELECT id FROM delivery INDEXED BY delivery_phase WHERE phase=?1 AND id>?2 AND (?3 IS "
        "NULL OR status=?3) AND basic>=?4 ORDER BY id LIMIT ?5",
        phase, query_.after, status_, basic, count_));
  }

  std::vector<DeliveryId> merged() {
    std::sort(ids_.begin(), ids_.end());
    ids_.resize(std::min(ids_.size(), static_cast<std::size_t>(count_)));
    return std::move(ids_);
  }

  SqliteConnection& db_;
  const DeliveryQuery& query_;
  const std::int64_t count_;
  std::optional<DeliveryStatus> status_;
  std::vector<int> phases_;
  DeliveryStatus last_status_ = DeliveryStatus::discarded;
  std::optional<std::int64_t> tenant_;
  std::vector<DeliveryId> ids_;
};

}  // namespace

std::vector<DeliveryId> find_ids(SqliteConnection& db, const DeliveryQuery& query,
                                 std::size_t count, bool unfinished) {
  return IdSearch(db, query, count, unfinished).run();
}

}  // namespace hookline::detail
