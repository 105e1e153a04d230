#include "hookline/sqlite_outbox.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "base/fail.hpp"
#include "base/import_codec.hpp"
#include "base/process.hpp"
#include "base/text.hpp"
#include "base/thread.hpp"
#include "base/ulid.hpp"
#include "outbox/outbox_table.hpp"
#include "store/sqlite_watch.hpp"

namespace hookline {
namespace {

constexpr std::size_t kBite = 100;
constexpr std::chrono::seconds kBetweenTries{1};

Result<void> check_table(std::string_view table) {
  constexpr std::size_t kLongest = 63;
  const auto fits = [](char c) { return detail::is_alnum(c) || c == '_'; };
  const bool is_name = !table.empty() && table.size() <= kLongest &&
                       !detail::is_digit(table.front()) &&
                       std::all_of(table.begin(), table.end(), fits);
  if (is_name) return {};
  return detail::fail(ErrorCode::invalid_options,
                      "table: {} is not a letter or _ and then up to 62 letters, digits and _",
                      detail::quoted(table));
}

std::string hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += kDigits[byte >> 4];
    text += kDigits[byte & 0xf];
  }
  return text;
}

/// Whether the same import would be refused again tomorrow.
bool is_final(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_import:
    case ErrorCode::no_event_for_state:
    case ErrorCode::invalid_headless:
    case ErrorCode::body_too_large:
    case ErrorCode::invalid_idempotency_key:
    case ErrorCode::idempotency_conflict:
      return true;
    default:
      return false;
  }
}

}  // namespace

// --- SQL for the host ----------------------------------------------------------------------------

Result<std::string> SqliteOutbox::create_sql(std::string_view table) {
  if (auto fits = check_table(table); !fits) return tl::unexpected(std::move(fits.error()));
  return fmt::format(
      "CREATE TABLE IF NOT EXISTS {}(id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL, "
      "import BLOB NOT NULL, error TEXT)",
      table);
}

Result<std::string> SqliteOutbox::insert_sql(const Import& import, std::string_view table) {
  if (auto fits = check_table(table); !fits) return tl::unexpected(std::move(fits.error()));
  if (import.id.empty()) {
    return detail::fail(ErrorCode::invalid_import, "id: must not be empty; give the import's id");
  }
  if (auto event = event_of(import); !event) return tl::unexpected(std::move(event.error()));
  return fmt::format("INSERT INTO {}(key,import) VALUES('{}',x'{}')", table,
                     detail::make_id("outbox_", std::chrono::system_clock::now()),
                     hex(detail::encode_import(import)));
}

// --- Moving --------------------------------------------------------------------------------------

class SqliteOutbox::Mover {
 public:
  Mover(std::unique_ptr<detail::OutboxTable> table, Dispatcher& dispatcher)
      : table_(std::move(table)),
        dispatcher_(dispatcher),
        watch_(table_->watched_file(), "", [this] {
          const std::lock_guard lock(table_mutex_);
          return detail::SqliteSight{table_->version(), {}};
        }) {}

  Mover(const Mover&) = delete;
  Mover& operator=(const Mover&) = delete;
  ~Mover() {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
      wake_.notify_one();
    }
    subscription_.reset();
    if (thread_.joinable()) thread_.join();
  }

  Result<void> start() {
    subscription_ = watch_.add([this] { poke(); });
    auto thread = detail::start_thread("hookline-outbox", [this] { run(); });
    if (!thread) return tl::unexpected(std::move(thread.error()));
    thread_ = *std::move(thread);
    return {};
  }

  [[nodiscard]] bool is_forked() const { return detail::process_id() != owner_; }

  void poke() {
    const std::lock_guard lock(mutex_);
    poked_ = true;
    wake_.notify_one();
  }

 private:
  enum class Left { nothing, more, failed };

  void run() {
    std::unique_lock lock(mutex_);
    while (!ending_) {
      poked_ = false;
      lock.unlock();
      const Left left = move_bite();
      lock.lock();
      const auto wanted = [&] { return ending_ || poked_; };
      if (left == Left::nothing) wake_.wait(lock, wanted);
      if (left == Left::failed) wake_.wait_for(lock, kBetweenTries, [&] { return ending_; });
    }
  }

  Left move_bite() {
    const std::lock_guard lock(table_mutex_);
    auto rows = table_->read(kBite);
    if (!rows) return Left::failed;
    if (rows->empty()) return Left::nothing;
    std::vector<Import> imports;
    std::vector<DispatchOptions> options;
    for (detail::OutboxRow& row : *rows) {
      imports.push_back(std::move(row.import));
      options.push_back(std::move(row.options));
    }
    const auto receipts = dispatcher_.dispatch_batch(imports, options);
    std::vector<detail::OutboxResult> results;
    for (std::size_t i = 0; i < receipts.size(); ++i) {
      const auto& receipt = receipts[i];
      if (receipt) {
        results.push_back({(*rows)[i].id, ""});
      } else if (is_final(receipt.error().code)) {
        results.push_back({(*rows)[i].id, receipt.error().message});
      }
    }
    if (!table_->finish(results)) return Left::failed;
    return results.size() == rows->size() ? Left::more : Left::failed;
  }

  const pid_t owner_ = detail::process_id();
  std::mutex table_mutex_;
  const std::unique_ptr<detail::OutboxTable> table_;
  Dispatcher& dispatcher_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool poked_ = false;
  bool ending_ = false;
  std::thread thread_;
  detail::SqliteWatch watch_;
  std::shared_ptr<void> subscription_;
};

Result<std::unique_ptr<SqliteOutbox>> SqliteOutbox::open(const SqliteOutboxOptions& options,
                                                         Dispatcher& dispatcher) {
  if (auto fits = check_table(options.table); !fits) {
    return tl::unexpected(std::move(fits.error()));
  }
  auto table = detail::OutboxTable::open(options);
  if (!table) return tl::unexpected(std::move(table.error()));
  auto mover = std::make_unique<Mover>(*std::move(table), dispatcher);
  if (auto started = mover->start(); !started) return tl::unexpected(std::move(started.error()));
  return std::unique_ptr<SqliteOutbox>(new SqliteOutbox(std::move(mover)));
}

SqliteOutbox::SqliteOutbox(std::unique_ptr<Mover> mover) : mover_(std::move(mover)) {}

SqliteOutbox::~SqliteOutbox() {
  // In a process that was forked its threads are the parent's, and its locks may be held for ever.
  if (mover_->is_forked()) static_cast<void>(mover_.release());
}

void SqliteOutbox::poke() { mover_->poke(); }

}  // namespace hookline
