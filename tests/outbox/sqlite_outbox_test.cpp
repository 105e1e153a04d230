#include "hookline/sqlite_outbox.hpp"

#include <sqlite3.h>

#include <thread>

#include "base/import_codec.hpp"
#include "catch.hpp"
#include "fakes/failing_store.hpp"
#include "fakes/samples.hpp"
#include "store/sqlite_file.hpp"

using namespace hookline;
using namespace hookline::fakes;
using namespace std::chrono_literals;

namespace {

/// The host's own database, as the host uses it.
class Host {
 public:
  explicit Host(const std::string& path) {
    REQUIRE(sqlite3_open(path.c_str(), &db_) == SQLITE_OK);
    run("PRAGMA busy_timeout=5000");
    run(SqliteOutbox::create_sql().value());
    run("CREATE TABLE IF NOT EXISTS imports(id TEXT)");
  }
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;
  ~Host() { sqlite3_close(db_); }

  void run(const std::string& sql) {
    char* error = nullptr;
    sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, &error);
    const std::string text = error ? error : "";
    sqlite3_free(error);
    REQUIRE(text == "");
  }

  std::string value(const std::string& sql) {
    sqlite3_stmt* statement = nullptr;
    REQUIRE(sqlite3_prepare_v2(db_, sql.c_str(), -1, &statement, nullptr) == SQLITE_OK);
    std::string text;
    if (sqlite3_step(statement) == SQLITE_ROW && sqlite3_column_text(statement, 0) != nullptr) {
      text = reinterpret_cast<const char*>(sqlite3_column_text(statement, 0));
    }
    sqlite3_finalize(statement);
    return text;
  }

  void finish(const Import& import, bool commit = true) {
    run("BEGIN");
    run("INSERT INTO imports VALUES('x')");
    run(SqliteOutbox::insert_sql(import).value());
    run(commit ? "COMMIT" : "ROLLBACK");
  }

  bool empties() {
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    while (value("SELECT count(*) FROM hookline_outbox WHERE error IS NULL") != "0") {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::sleep_for(2ms);
    }
    return true;
  }

 private:
  sqlite3* db_ = nullptr;
};

std::unique_ptr<SqliteOutbox> open(const SqliteFile& file, Dispatcher& dispatcher) {
  SqliteOutboxOptions options;
  options.path = file.path();
  auto outbox = SqliteOutbox::open(options, dispatcher);
  if (!outbox) FAIL(outbox.error().message);
  return *std::move(outbox);
}

/// Everything that an import can hold, hostile bytes too.
Import full_import() {
  Import import = completed_import("id');DROP TABLE imports;--");
  import.filename = std::string("a\0'\xff\"\n", 6);
  import.user = User{std::string("u"), std::nullopt, std::string("e@x"), std::string(""), {}};
  import.created_date = std::chrono::system_clock::time_point(1'700'000'000'123'456us);
  import.import_type = ImportType::headless;
  import.status = ImportStatus::successful;
  import.num_data_rows = ~std::uint64_t{0};
  import.development_mode = true;
  import.has_data = true;
  import.headless = R"({"a":"'"})";
  import.saved_schema_id = "s";
  import.webhook_url = "https://a.example/?x='";
  import.tenant = "t";
  return import;
}

}  // namespace

TEST_CASE("An import survives the way through bytes, and nothing else reads as one") {
  const std::string bytes = detail::encode_import(full_import());
  const auto back = detail::decode_import(bytes);
  REQUIRE(back);
  CHECK(detail::encode_import(*back) == bytes);
  CHECK(back->filename == full_import().filename);
  CHECK(back->user->company_id == "");
  CHECK_FALSE(back->user->name);
  CHECK(back->num_data_rows == ~std::uint64_t{0});
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CHECK_FALSE(detail::decode_import(std::string_view(bytes).substr(0, size)));
  }
  CHECK_FALSE(detail::decode_import(bytes + "x"));
}

TEST_CASE("What the host has committed is delivered, in its order if asked, and its row goes") {
  const auto* mode = GENERATE("wal", "delete");
  const SqliteFile file;
  Host host(file.path());
  host.value(std::string("PRAGMA journal_mode=") + mode);
  Bench bench;
  Webhook webhook = webhook_to();
  webhook.ordering = Ordering::fifo;
  bench.add(webhook);
  host.finish(completed_import("before"));
  const auto outbox = open(file, *bench.dispatcher);
  host.finish(completed_import("after"));
  REQUIRE(host.empties());
  REQUIRE(bench.dispatcher->flush(10s));
  const auto requests = bench.transport->requests();
  REQUIRE(requests.size() == 2);
  CHECK(requests[0].body->find("\"before\"") != std::string::npos);
  CHECK(requests[1].body->find("\"after\"") != std::string::npos);
  CHECK(host.value("PRAGMA journal_mode") == mode);  // it is the host's
}

TEST_CASE("A transaction that is rolled back leaves nothing") {
  const SqliteFile file;
  Host host(file.path());
  Bench bench;
  bench.add(webhook_to());
  const auto outbox = open(file, *bench.dispatcher);
  host.finish(completed_import("never"), false);
  host.finish(completed_import("there"));
  REQUIRE(host.empties());
  REQUIRE(bench.dispatcher->flush(10s));
  REQUIRE(bench.transport->requests().size() == 1);
  CHECK(bench.transport->requests()[0].body->find("\"there\"") != std::string::npos);
  CHECK(host.value("SELECT count(*) FROM imports") == "1");
}

TEST_CASE("An import with hostile texts is a row like any other") {
  const SqliteFile file;
  Host host(file.path());
  Bench bench;
  const auto outbox = open(file, *bench.dispatcher);
  host.finish(full_import());
  REQUIRE(host.empties());
  REQUIRE(bench.dispatcher->flush(10s));
  CHECK(host.value("SELECT count(*) FROM imports") == "1");
  CHECK(bench.transport->requests().size() == 1);
  CHECK(bench.only_delivery().import_id == full_import().id);
}

TEST_CASE("A move that is repeated after a crash dispatches nothing twice") {
  const SqliteFile file;
  Host host(file.path());
  Bench bench;
  bench.add(webhook_to());
  host.finish(completed_import("once"));
  // As if the process had died between the dispatch and the removal of the row.
  host.run("CREATE TABLE saved AS SELECT * FROM hookline_outbox");
  {
    const auto outbox = open(file, *bench.dispatcher);
    REQUIRE(host.empties());
  }
  host.run("INSERT INTO hookline_outbox SELECT * FROM saved");
  const auto outbox = open(file, *bench.dispatcher);
  REQUIRE(host.empties());
  REQUIRE(bench.dispatcher->flush(10s));
  CHECK(bench.transport->requests().size() == 1);
}

TEST_CASE("A row that can never be dispatched stays with the reason and holds nobody up") {
  const SqliteFile file;
  Host host(file.path());
  DispatcherOptions options;
  options.on_bad_headless = OnBadHeadless::refuse;
  Bench bench(options);
  bench.add(webhook_to());
  Import bad = completed_import("bad");
  bad.import_type = ImportType::headless;
  bad.headless = "not json";
  host.finish(bad);
  host.run("INSERT INTO hookline_outbox(key,import) VALUES('k',x'00')");
  host.finish(completed_import("good"));
  const auto outbox = open(file, *bench.dispatcher);
  REQUIRE(host.empties());
  REQUIRE(bench.dispatcher->flush(10s));
  CHECK(bench.transport->requests().size() == 1);
  CHECK(host.value("SELECT count(*) FROM hookline_outbox") == "2");
  CHECK(host.value("SELECT error FROM hookline_outbox WHERE id=1").substr(0, 9) == "headless:");
  CHECK(host.value("SELECT error FROM hookline_outbox WHERE id=2").substr(0, 7) == "import:");
}

TEST_CASE("While the store fails rows wait in the host's database, and are moved afterwards") {
  const SqliteFile file;
  Host host(file.path());
  const auto failing = std::make_shared<FailingStore>(std::make_shared<MemoryStore>());
  DispatcherOptions options;
  options.store = failing;
  Bench bench(options);
  bench.add(webhook_to());
  failing->failing = true;
  const auto outbox = open(file, *bench.dispatcher);
  host.finish(completed_import());
  std::this_thread::sleep_for(50ms);
  CHECK(host.value("SELECT count(*) FROM hookline_outbox WHERE error IS NULL") == "1");
  failing->failing = false;
  CHECK(host.empties());
}

TEST_CASE("A host that writes for long is waited for") {
  const SqliteFile file;
  Host host(file.path());
  Bench bench;
  bench.add(webhook_to());
  SqliteOutboxOptions options;
  options.path = file.path();
  options.busy_timeout = 1ms;
  host.finish(completed_import("waits"));
  host.run("BEGIN IMMEDIATE");
  const auto outbox = SqliteOutbox::open(options, *bench.dispatcher).value();
  std::this_thread::sleep_for(50ms);
  host.run("COMMIT");
  outbox->poke();
  CHECK(host.empties());
  REQUIRE(bench.dispatcher->flush(10s));
  CHECK(bench.transport->requests().size() == 1);
}

TEST_CASE("What cannot be an outbox is said at once") {
  const SqliteFile file;
  Bench bench;
  SqliteOutboxOptions options;
  options.path = file.path();
  CHECK(SqliteOutbox::open(options, *bench.dispatcher).error().code == ErrorCode::store_failed);
  for (const auto* table : {"", "1x", "a b", "a;b", "x'"}) {
    CHECK(SqliteOutbox::create_sql(table).error().code == ErrorCode::invalid_options);
    CHECK(SqliteOutbox::insert_sql(completed_import(), table).error().code ==
          ErrorCode::invalid_options);
    options.table = table;
    CHECK(SqliteOutbox::open(options, *bench.dispatcher).error().code ==
          ErrorCode::invalid_options);
  }
  CHECK(SqliteOutbox::insert_sql(completed_import("")).error().code == ErrorCode::invalid_import);
  Import running = completed_import();
  running.status = ImportStatus::running;
  CHECK(SqliteOutbox::insert_sql(running).error().code == ErrorCode::no_event_for_state);
}
