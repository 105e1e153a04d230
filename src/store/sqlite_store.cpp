#include "hookline/sqlite_store.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/fail.hpp"
#include "base/process.hpp"
#include "deliver/delivery_record.hpp"
#include "store/delivery_query.hpp"
#include "store/group_commit.hpp"
#include "store/sqlite_append.hpp"
#include "store/sqlite_commands.hpp"
#include "store/sqlite_exchange.hpp"
#include "store/sqlite_reader.hpp"
#include "store/sqlite_records.hpp"
#include "store/sqlite_webhooks.hpp"
#include "store/sqlite_writer.hpp"

namespace hookline {

using detail::fail;
using detail::SqliteConnection;
using detail::SqliteTables;

struct SqliteStore::State {
  State(std::unique_ptr<detail::SqliteWriter> opened, const detail::SqliteWriter::Options& options)
      : path(options.path),
        writer(std::move(opened)),
        group({[this] { writer->tidy(); },
               [this](const detail::CommitJobs& jobs) { writer->commit(jobs); },
               [this](const detail::CommitJobs& jobs) { settle(jobs); }}),
        reader(options.path, options.busy_timeout),
        watch(options.path + "-wal", detail::lock_path(options.path), [this] {
          detail::SqliteSight sight;
          group.run_alone([&] { sight = writer->look(); });
          return sight;
        }) {}

  ~State() {
    if (check_process()) return;
    writer->abandon();
    reader.abandon();
    watch.abandon();
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  [[nodiscard]] Result<void> check_process() const {
    if (detail::process_id() == process) return {};
    return fail(ErrorCode::forked,
                "store {}: it was opened by the process that this one was forked from; open it "
                "anew",
                path);
  }

  /// Runs `work(SqliteTables&)`, which gives a `Result`, in a transaction.
  template <class Work>
  auto write(bool durable, Work work) -> decltype(work(std::declval<SqliteTables&>())) {
    return add(durable, [&](SqliteTables& tables) {
      tables.write_new();
      return work(tables);
    });
  }

  /// For what only adds new events, whose rows may be written with those of others.
  template <class Work>
  auto add(bool durable, Work work) -> decltype(work(std::declval<SqliteTables&>())) {
    if (auto here = check_process(); !here) return tl::unexpected(std::move(here.error()));
    std::optional<decltype(work(std::declval<SqliteTables&>()))> answer;
    detail::CommitJob job;
    job.durable = durable;
    job.run = [&](SqliteTables& tables) { answer.emplace(work(tables)); };
    group.run(job);
    if (!job.result) return tl::unexpected(std::move(job.result.error()));
    return *std::move(answer);
  }

  /// Has the jobs on the disk when it returns, or says in their results that nobody can tell.
  void settle(const detail::CommitJobs& jobs) {
    if (writer->sync(jobs)) return;
    group.run_alone([this] { writer->repair_log(); });
    const Result<void> synced = writer->sync(jobs);
    if (synced) return;
    for (detail::CommitJob* job : jobs) {
      if (job->result) job->fail(synced.error());
    }
  }

  template <class Ask>
  auto read(Ask ask) -> decltype(ask(std::declval<SqliteConnection&>())) {
    if (auto here = check_process(); !here) return tl::unexpected(std::move(here.error()));
    return reader.read(std::move(ask));
  }

  void note_time(DueTime now) {
    const DueTime::rep time = now.time_since_epoch().count();
    DueTime::rep before = latest.load();
    while (before < time && !latest.compare_exchange_weak(before, time)) {
    }
  }
  [[nodiscard]] DueTime latest_time() const { return DueTime(DueTime::duration(latest.load())); }

  const std::string path;
  const pid_t process = detail::process_id();
  std::unique_ptr<detail::SqliteWriter> writer;
  /// Of this instance's rounds: those that had nothing to write have left no time in the file.
  std::atomic<DueTime::rep> latest{DueTime::min().time_since_epoch().count()};
  /// Something was erased whose traces are not cleared yet; by a process that was killed, maybe.
  std::atomic<bool> has_traces{true};
  detail::GroupCommit group;
  detail::SqliteReader reader;
  detail::SqliteWatch watch;  ///< ends first
};

// --- Beginning and end ---------------------------------------------------------------------------

Result<std::unique_ptr<SqliteStore>> SqliteStore::open(SqliteStoreOptions options) {
  if (options.path.empty() || options.path.find('\0') != std::string::npos) {
    return fail(ErrorCode::invalid_options, "path: it must name a file");
  }
  if (options.busy_timeout < std::chrono::milliseconds(0) ||
      options.busy_timeout > std::chrono::hours(1)) {
    return fail(ErrorCode::invalid_options, "busy_timeout: {} ms is not 0 to an hour",
                options.busy_timeout.count());
  }
  if (sqlite3_threadsafe() == 0) {
    return fail(ErrorCode::store_failed,
                "store: SQLite was built without threads; link one that was built with them");
  }
  // The locks stand beside the file, so that every way to name it must lead to the same place; and
  // the process may change its folder.
  std::error_code reason;
  std::filesystem::path path = std::filesystem::absolute(options.path, reason);
  if (!reason) path = std::filesystem::weakly_canonical(path, reason);
  if (reason) {
    return fail(ErrorCode::store_failed, "store {}: {}", options.path, reason.message());
  }
  detail::SqliteWriter::Options settings{path.string(), options.busy_timeout};
  auto writer = detail::SqliteWriter::open(settings);
  if (!writer) return tl::unexpected(std::move(writer.error()));
  return std::unique_ptr<SqliteStore>(
      new SqliteStore(std::make_shared<State>(*std::move(writer), settings)));
}

SqliteStore::SqliteStore(std::shared_ptr<State> state) : state_(std::move(state)) {}

SqliteStore::~SqliteStore() = default;

// --- Writing -------------------------------------------------------------------------------------

std::vector<Result<AppendedEvent>> SqliteStore::append(std::vector<NewEvent> events,
                                                       const Quotas& quotas) {
  using Results = std::vector<Result<AppendedEvent>>;
  auto written = state_->add(true, [&](SqliteTables& tables) -> Result<Results> {
    Results results;
    results.reserve(events.size());
    for (const NewEvent& event : events) {
      results.push_back(detail::append_event(tables, event, quotas));
    }
    return results;
  });
  if (written) {
    for (std::size_t i = 0; i < events.size(); ++i) {
      Result<AppendedEvent>& each = written->at(i);
      if (!each || each->repeated) continue;
      each->receipt = detail::with_ids(std::move(events[i].receipt), each->ids);
    }
    return *std::move(written);
  }
  Results failed;
  for (const NewEvent& event : events) {
    failed.push_back(detail::fail_in("event " + event.receipt.message_id, written.error()));
  }
  return failed;
}

Result<StoreReply> SqliteStore::exchange(const StoreWork& work) {
  auto reply = state_->write(false, [&](SqliteTables& tables) -> Result<StoreReply> {
    return detail::exchange_work(tables, work, state_->writer->dead_instances());
  });
  if (reply) state_->note_time(work.now);
  return reply;
}

Result<Delivery> SqliteStore::replay(DeliveryId id, const Moment& now) {
  return state_->write(
      true, [&](SqliteTables& tables) { return detail::replay_delivery(tables, id, now); });
}

Result<StoreBite> SqliteStore::recover(const RecoverQuery& query, const Moment& now) {
  return state_->write(
      true, [&](SqliteTables& tables) { return detail::recover_lane(tables, query, now); });
}

Result<StoreBite> SqliteStore::discard(const DeliveryQuery& query, const std::string& reason,
                                       const Moment& now) {
  return state_->write(true, [&](SqliteTables& tables) {
    return detail::discard_deliveries(tables, query, reason, now);
  });
}

Result<StoreBite> SqliteStore::erase(const EraseQuery& query, std::size_t limit) {
  auto bite = state_->write(true, [&](SqliteTables& tables) {
    const std::int64_t before = tables.db.total_changes();
    auto erased = detail::erase_bite(tables, query, limit);
    if (tables.db.total_changes() != before) state_->has_traces = true;
    return erased;
  });
  if (!bite || bite->next || !state_->has_traces) return bite;
  Result<void> cleared;
  state_->group.run_alone([&] { cleared = state_->writer->clear_traces(); });
  state_->has_traces = !cleared;
  if (!cleared) return tl::unexpected(std::move(cleared.error()));
  return bite;
}

Result<void> SqliteStore::set_paused(bool paused) {
  return state_->write(true, [&](SqliteTables& tables) -> Result<void> {
    tables.counters.set_paused(paused);
    return {};
  });
}

// --- Webhooks ------------------------------------------------------------------------------------

class SqliteStore::Webhooks final : public WebhookStore {
 public:
  explicit Webhooks(std::shared_ptr<State> state) : state_(std::move(state)) {}

  Result<WebhookChanges> changes(std::uint64_t since) const override {
    return state_->read([&](SqliteConnection& db) -> Result<WebhookChanges> {
      return detail::read_webhooks(db, since);
    });
  }

  Result<std::uint64_t> write(const std::vector<WebhookWrite>& writes) override {
    return state_->write(
        true, [&](SqliteTables& tables) { return detail::write_webhooks(tables, writes); });
  }

  Result<void> clear_traces() override {
    if (auto here = state_->check_process(); !here) return here;
    Result<void> cleared;
    state_->group.run_alone([&] { cleared = state_->writer->clear_traces(); });
    return cleared;
  }

  std::shared_ptr<void> on_foreign_write(std::function<void()> changed) override {
    if (!state_->check_process()) return nullptr;
    return state_->watch.add(std::move(changed));
  }

 private:
  const std::shared_ptr<State> state_;
};

std::shared_ptr<WebhookStore> SqliteStore::webhooks() { return std::make_shared<Webhooks>(state_); }

// --- Reading -------------------------------------------------------------------------------------

namespace {

tl::unexpected<Error> not_found(DeliveryId id) {
  return fail(ErrorCode::delivery_not_found, "delivery: there is none with id {}", id);
}

}  // namespace

Result<Delivery> SqliteStore::find(DeliveryId id) const {
  return state_->read([&](SqliteConnection& db) -> Result<Delivery> {
    if (auto delivery = detail::read_delivery(db, id)) return *std::move(delivery);
    return not_found(id);
  });
}

Result<DeliveryPage> SqliteStore::list(const DeliveryQuery& query) const {
  if (auto limit = detail::check_limit(query.limit); !limit) return tl::unexpected(limit.error());
  return state_->read([&](SqliteConnection& db) -> Result<DeliveryPage> {
    DeliveryPage page;
    std::vector<DeliveryId> ids = detail::find_ids(db, query, query.limit + 1);
    if (ids.size() > query.limit) {
      ids.pop_back();
      page.next = ids.back();
    }
    for (const DeliveryId id : ids) {
      if (auto delivery = detail::read_delivery(db, id)) {
        page.deliveries.push_back(*std::move(delivery));
      }
    }
    return page;
  });
}

Result<std::vector<Attempt>> SqliteStore::attempts(DeliveryId id) const {
  return state_->read([&](SqliteConnection& db) -> Result<std::vector<Attempt>> {
    if (!db.value("SELECT 1 FROM delivery WHERE id=?1", id)) return not_found(id);
    return detail::read_attempts(db, id);
  });
}

Result<LanePage> SqliteStore::lanes(const LaneQuery& query) const {
  if (auto limit = detail::check_limit(query.limit); !limit) return tl::unexpected(limit.error());
  return state_->read([&](SqliteConnection& db) -> Result<LanePage> {
    LanePage page;
    page.lanes = detail::read_lanes(db, query, query.limit + 1);
    if (page.lanes.size() > query.limit) {
      page.lanes.pop_back();
      page.next = page.lanes.back().id;
    }
    return page;
  });
}

Result<DeliveryCounts> SqliteStore::counts(const std::optional<std::string>& tenant) const {
  return state_->read([&](SqliteConnection& db) -> Result<DeliveryCounts> {
    return detail::read_counts(db, tenant);
  });
}

Result<bool> SqliteStore::has_unfinished(DeliveryId up_to) const {
  return state_->read(
      [&](SqliteConnection& db) -> Result<bool> { return detail::has_unfinished(db, up_to); });
}

Result<DeliveryId> SqliteStore::newest() const {
  return state_->read([&](SqliteConnection& db) -> Result<DeliveryId> {
    return static_cast<DeliveryId>(db.value("SELECT newest FROM store WHERE id=1").value_or(0));
  });
}

Result<DueTime> SqliteStore::last_time() const {
  return state_->read([&](SqliteConnection& db) -> Result<DueTime> {
    const auto kept = db.value("SELECT last_time FROM store WHERE id=1");
    return std::max(detail::to_due(kept.value_or(detail::kAlways)), state_->latest_time());
  });
}

std::shared_ptr<void> SqliteStore::on_foreign_write(std::function<void()> changed) {
  if (!state_->check_process()) return nullptr;
  return state_->watch.add(std::move(changed));
}

}  // namespace hookline
