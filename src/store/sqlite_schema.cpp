#include "store/sqlite_schema.hpp"

#include <fmt/format.h>

#include <array>

#include "base/fail.hpp"

namespace hookline::detail {
namespace {

constexpr std::int64_t kApplicationId = 0x686b6c6e;  // "hkln"

// Times are microseconds since 1970. `status` is that of `DeliveryStatus`. `phase` is 0 without an
// outcome, then 1 delivered, 2 exhausted, 3 discarded. A delivery that came leased is *fresh* and
// has no phase as long as it has been in flight since.
//
// Lists have their indexes by phase. A claim changes none of them, and most fresh deliveries end
// without having been in one: they are few, and found among those that are leased. Phase 0 comes
// first in each index, in a few pages that stay at hand, and an outcome touches one more place.
constexpr const char* kTables = R"sql(
-- One row for all: the schema that wrote it last, the ids given out, and what stands where.
CREATE TABLE store(
  id INTEGER PRIMARY KEY CHECK(id=1), version INTEGER NOT NULL, newest INTEGER NOT NULL,
  turns INTEGER NOT NULL, last_time INTEGER NOT NULL, paused INTEGER NOT NULL,
  pending INTEGER NOT NULL, in_flight INTEGER NOT NULL, delivered INTEGER NOT NULL,
  exhausted INTEGER NOT NULL, discarded INTEGER NOT NULL, bytes INTEGER NOT NULL) STRICT;
INSERT INTO store VALUES(1,1,0,0,-9223372036854775808,0,0,0,0,0,0,0);

-- Who has the file open, or had it open when it died: see the lock file.
CREATE TABLE instance(number INTEGER PRIMARY KEY) STRICT;

CREATE TABLE tenant(
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,
  pending INTEGER NOT NULL DEFAULT 0, in_flight INTEGER NOT NULL DEFAULT 0,
  delivered INTEGER NOT NULL DEFAULT 0, exhausted INTEGER NOT NULL DEFAULT 0,
  discarded INTEGER NOT NULL DEFAULT 0, bytes INTEGER NOT NULL DEFAULT 0,
  turn INTEGER NOT NULL,  -- who was served last comes behind
  served INTEGER NOT NULL DEFAULT -9223372036854775808,
  turn_at INTEGER) STRICT;  -- when its first lane is worth listing, or it was served last
CREATE INDEX tenant_turn ON tenant(turn_at, turn) WHERE turn_at IS NOT NULL;

-- No index goes by the counts, which change with every delivery: one that is sent when it comes
-- touches none.
CREATE TABLE lane(
  id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, webhook TEXT NOT NULL, origin TEXT NOT NULL,
  pending INTEGER NOT NULL DEFAULT 0, in_flight INTEGER NOT NULL DEFAULT 0,
  deliveries INTEGER NOT NULL DEFAULT 0,  -- those with an outcome too
  empty INTEGER NOT NULL DEFAULT 1,  -- without deliveries
  busy INTEGER NOT NULL DEFAULT 0,   -- one has waited, and some have no outcome
  head INTEGER,           -- when the first pending delivery is due
  hold INTEGER,           -- not listed before
  holder INTEGER,         -- the instance that the hold ends with
  blocked_by INTEGER,     -- the delivery that the hold ends with
  listed_at INTEGER,      -- from head and hold: when it is worth listing
  failing_since INTEGER) STRICT;
CREATE UNIQUE INDEX lane_key ON lane(tenant, webhook, origin);
CREATE INDEX lane_webhook ON lane(webhook);
CREATE INDEX lane_listed ON lane(tenant, listed_at) WHERE listed_at IS NOT NULL;
CREATE INDEX lane_holder ON lane(holder) WHERE hold IS NOT NULL;
CREATE INDEX lane_idle ON lane(hold) WHERE empty=1;
CREATE INDEX lane_empty ON lane(tenant) WHERE empty=1;
CREATE INDEX lane_busy ON lane(tenant, id) WHERE busy=1;

-- The id of an event is that of its first delivery; the others follow it, up to `deliveries`.
CREATE TABLE event(
  id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, message TEXT NOT NULL, import TEXT NOT NULL,
  kind INTEGER NOT NULL, deliveries INTEGER NOT NULL,
  unfinished INTEGER NOT NULL,  -- deliveries without an outcome, replays too
  ended INTEGER NOT NULL,       -- when the last of those that have one got it
  bodies INTEGER NOT NULL) STRICT;  -- how many are kept
CREATE INDEX event_message ON event(message);
CREATE INDEX event_import ON event(import, tenant);
CREATE INDEX event_resting ON event(ended) WHERE unfinished=0 AND bodies>0;

-- Twice the id of the event, plus 1 for the basic body.
CREATE TABLE body(id INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;

CREATE TABLE delivery(
  id INTEGER PRIMARY KEY, event INTEGER NOT NULL, lane INTEGER NOT NULL, tenant INTEGER NOT NULL,
  basic INTEGER NOT NULL, phase INTEGER, status INTEGER NOT NULL,
  due INTEGER NOT NULL,         -- the next try; the end of the lease while in flight
  was_due INTEGER NOT NULL,     -- the try that a lease is for
  lease INTEGER NOT NULL, lost INTEGER NOT NULL DEFAULT 0, owner INTEGER,
  attempts INTEGER NOT NULL DEFAULT 0, http_status INTEGER, size INTEGER NOT NULL,
  accepted INTEGER NOT NULL, created INTEGER NOT NULL, ended INTEGER, finished INTEGER,
  replay_of INTEGER, taken_off TEXT, error TEXT, url TEXT, address TEXT) STRICT;
CREATE INDEX delivery_due ON delivery(lane, due) WHERE status=0;
CREATE INDEX delivery_waiting ON delivery(accepted) WHERE status=0;
CREATE INDEX delivery_lease ON delivery(owner, due) WHERE status=1;
CREATE INDEX delivery_phase ON delivery(phase) WHERE phase IS NOT NULL;
CREATE INDEX delivery_tenant ON delivery(phase, tenant, basic) WHERE phase IS NOT NULL;
CREATE INDEX delivery_lane ON delivery(phase, lane) WHERE phase IS NOT NULL;
CREATE INDEX delivery_ended ON delivery(phase, ended) WHERE ended IS NOT NULL;
CREATE INDEX delivery_replay ON delivery(event) WHERE replay_of IS NOT NULL;

-- 1024 times the id of the delivery, plus the number of the attempt.
CREATE TABLE attempt(
  id INTEGER PRIMARY KEY, number INTEGER NOT NULL, started INTEGER NOT NULL,
  duration INTEGER NOT NULL, http_status INTEGER, failure INTEGER, error TEXT NOT NULL,
  url TEXT NOT NULL, response BLOB NOT NULL) STRICT;

-- What the registry keeps; `version` grows with every write. Without a document: it was removed.
CREATE TABLE webhook(
  id TEXT PRIMARY KEY, revision INTEGER NOT NULL, version INTEGER NOT NULL, document BLOB)
  STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX webhook_version ON webhook(version);

CREATE TABLE idempotency(
  id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, key TEXT NOT NULL, fingerprint TEXT NOT NULL,
  expires INTEGER NOT NULL, import TEXT NOT NULL, receipt BLOB NOT NULL) STRICT;
CREATE UNIQUE INDEX idempotency_key ON idempotency(tenant, key);
CREATE INDEX idempotency_import ON idempotency(tenant, import);
CREATE INDEX idempotency_expires ON idempotency(expires);
)sql";

/// The step from each version to the next.
constexpr std::array<const char*, kSqliteSchema> kSteps = {kTables};

Result<void> check_origin(SqliteConnection& db, const std::string& path, std::int64_t version) {
  if (version > kSqliteSchema) {
    return fail(ErrorCode::store_failed,
                "store {}: written by a newer hookline (schema {}, this one knows {}); use that "
                "version or a newer one",
                path, version, kSqliteSchema);
  }
  const std::int64_t program = db.value("PRAGMA application_id").value_or(0);
  const std::int64_t tables = db.value("SELECT count(*) FROM sqlite_schema").value_or(0);
  if (!db.failed() && program != kApplicationId && (tables > 0 || version != 0)) {
    return fail(ErrorCode::store_failed,
                "store {}: the database belongs to another program; name another path", path);
  }
  return {};
}

}  // namespace

Result<void> migrate(SqliteConnection& db, const std::string& path) {
  db.execute("BEGIN IMMEDIATE");
  const std::int64_t version = db.value("PRAGMA user_version").value_or(0);
  Result<void> result = check_origin(db, path, version);
  if (result && version < kSqliteSchema) {
    for (std::int64_t step = version; step < kSqliteSchema; ++step) {
      db.execute(kSteps.at(static_cast<std::size_t>(step)));
    }
    db.execute(fmt::format("PRAGMA application_id={};PRAGMA user_version={};"
                           "UPDATE store SET version={} WHERE id=1",
                           kApplicationId, kSqliteSchema, kSqliteSchema)
                   .c_str());
  }
  if (result && !db.failed()) db.execute("COMMIT");
  if (result && db.failed()) result = tl::unexpected(sqlite_error(path, db.failure()));
  if (!result) {
    db.clear_failure();
    db.execute("ROLLBACK");
  }
  return result;
}

}  // namespace hookline::detail
