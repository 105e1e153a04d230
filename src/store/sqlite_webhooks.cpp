#include "store/sqlite_webhooks.hpp"

#include "base/fail.hpp"

namespace hookline::detail {
namespace {

std::uint64_t latest_version(SqliteConnection& db) {
  return static_cast<std::uint64_t>(db.value("SELECT max(version) FROM webhook").value_or(0));
}

/// 0 if it is not there, or was removed.
std::uint64_t revision_of(SqliteConnection& db, const std::string& id) {
  const auto revision =
      db.value("SELECT revision FROM webhook WHERE id=?1 AND document IS NOT NULL", id);
  return static_cast<std::uint64_t>(revision.value_or(0));
}

}  // namespace

WebhookChanges read_webhooks(SqliteConnection& db, std::uint64_t since) {
  WebhookChanges changes;
  changes.version = since;
  SqliteRows rows = db.query(
      "SELECT id,revision,version,document FROM webhook WHERE version>?1 ORDER BY version", since);
  while (rows.next()) {
    StoredWebhook& webhook = changes.webhooks.emplace_back();
    webhook.id = rows.text(0);
    webhook.revision = static_cast<std::uint64_t>(rows.integer(1));
    webhook.document = Secret(rows.text(3));
  }
  changes.version = latest_version(db);
  return changes;
}

Result<std::uint64_t> write_webhooks(SqliteTables& tables,
                                     const std::vector<WebhookWrite>& writes) {
  SqliteConnection& db = tables.db;
  for (const WebhookWrite& write : writes) {
    const std::uint64_t revision = revision_of(db, write.webhook.id);
    if (revision == write.from_revision) continue;
    return fail(ErrorCode::revision_conflict,
                "id: {} is at revision {} in the store, not at {}; read it again and repeat the "
                "edit",
                write.webhook.id, revision, write.from_revision);
  }
  std::uint64_t version = latest_version(db);
  for (const WebhookWrite& write : writes) {
    const std::string_view document = write.webhook.document.reveal();
    db.run(
        "INSERT INTO webhook(id,revision,version,document) VALUES(?1,?2,?3,?4) "
        "ON CONFLICT(id) DO UPDATE SET revision=?2,version=?3,document=?4",
        write.webhook.id, write.webhook.revision, ++version,
        Blob{document.empty() ? std::nullopt : std::optional(document)});
  }
  return version;
}

}  // namespace hookline::detail
