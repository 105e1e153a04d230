// The durable store with the whole dispatcher on top of it, on a disk that fails now and then.
// `HOOKLINE_SEED=17 test_crash "[disk]"` has the weather of one seed again.

#include "store/disk_faults.hpp"

#include <sqlite3.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "catch.hpp"
#include "crash/witness.hpp"
#include "fakes/samples.hpp"
#include "hookline/sqlite_store.hpp"
#include "store/sqlite_file.hpp"
#include "store/sqlite_integrity.hpp"

using namespace hookline;
using namespace hookline::crash;
using namespace std::chrono_literals;
using fakes::DiskFaults;

namespace {

constexpr int kImportsOfAThread = 800;
constexpr auto kPatience = 30s;

/// Spells of faults, some milliseconds each, as a seed wants them.
class Weather {
 public:
  Weather(std::string path, unsigned seed) : path_(std::move(path)), random_(seed) {
    DiskFaults::draws = seed;
  }

  void spell() {
    const unsigned kind = random_() % 8;
    const unsigned odds[] = {1, 3, 20};
    DiskFaults::one_in = odds[random_() % 3];
    if (kind == 1) return hold_the_file();
    if (kind == 2) DiskFaults::write_error = EIO;
    if (kind == 3) DiskFaults::write_error = ENOSPC;
    if (kind == 4 || kind == 7) DiskFaults::sync_error = EIO;
    if (kind == 5) DiskFaults::read_error = EIO;
    if (kind == 6 || kind == 7) DiskFaults::short_write = true;
    pass();
    DiskFaults::heal();
    pass();
  }

 private:
  void pass() { std::this_thread::sleep_for(1ms * (1 + random_() % 20)); }

  /// As a backup might.
  void hold_the_file() {
    sqlite3* db = nullptr;
    sqlite3_open(path_.c_str(), &db);
    sqlite3_exec(db, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr);
    pass();
    pass();
    sqlite3_close(db);
  }

  const std::string path_;
  std::mt19937 random_;
};

/// What dispatchers were told.
struct Told {
  std::mutex mutex;
  std::set<std::string> accepted;  ///< messages that must arrive
  std::set<std::string> maybe;     ///< messages of which nobody can tell
  int refused = 0;
  std::string faults;
};

class DiskRun {
 public:
  explicit DiskRun(unsigned seed) : seed_(seed), witness_(std::make_shared<Witness>(seed)) {
    if (!registry_.add(fakes::webhook_to())) std::abort();
    start();
  }

  void dispatch_in_bad_weather() {
    Weather weather(file_.path(), seed_);
    std::atomic<int> at_work{2};
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 2; ++thread) {
      threads.emplace_back([this, thread, &at_work] {
        for (int i = 0; i < kImportsOfAThread; ++i) dispatch(thread, i);
        --at_work;
      });
    }
    while (at_work > 0) weather.spell();
    for (std::thread& thread : threads) thread.join();
    DiskFaults::heal();
  }

  /// Everything that was accepted arrives, without a new start.
  [[nodiscard]] bool all_arrives() {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (std::chrono::steady_clock::now() < deadline) {
      if (missing() == 0) return true;
      std::this_thread::sleep_for(5ms);
    }
    return false;
  }

  [[nodiscard]] std::size_t missing() const {
    std::size_t count = 0;
    for (const std::string& message : told_.accepted) count += witness_->has(message) ? 0 : 1;
    return count;
  }

  void reopen() {
    dispatcher_->shutdown(5s);
    dispatcher_.reset();
    integrity_ = fakes::integrity_of(file_.path());
    start();
  }

  /// Nothing is left, what nobody could tell of included.
  [[nodiscard]] bool drains() {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (std::chrono::steady_clock::now() < deadline) {
      const auto counts = dispatcher_->stats()->deliveries;
      if (counts.pending + counts.in_flight == 0) return true;
      std::this_thread::sleep_for(5ms);
    }
    return false;
  }

  /// What must not be.
  [[nodiscard]] std::string faults() {
    dispatcher_->shutdown(5s);
    dispatcher_.reset();
    std::string faults = told_.faults + witness_->faults();
    if (integrity_ != "ok") faults += integrity_ + "\n";
    if (fakes::integrity_of(file_.path()) != "ok")
      faults += fakes::integrity_of(file_.path()) + "\n";
    for (const auto& [message, times] : witness_->answers()) {
      if (times > 1) faults += message + " arrived again\n";
      const bool expected = told_.accepted.count(message) + told_.maybe.count(message) > 0;
      if (!expected) faults += message + " arrived, but was refused\n";
    }
    return faults;
  }

  [[nodiscard]] int refused() const { return told_.refused; }

 private:
  void start() {
    SqliteStoreOptions file;
    file.path = file_.path();
    file.busy_timeout = 5ms;
    DispatcherOptions options;
    options.store = SqliteStore::open(file).value();
    options.transport = std::make_shared<testing::FunctionTransport>(
        [witness = witness_](const HttpRequest& request, const Transport::Completion& completion) {
          completion(witness->receive(request));
        });
    options.observer = witness_;
    options.retry_schedule.assign(50, 5ms);
    options.connect_timeout = 200ms;  // and with it, leases are short
    options.request_timeout = 500ms;
    dispatcher_ = Dispatcher::create(registry_, options).value();
  }

  /// Every other one has a key, and is repeated until it is accepted.
  void dispatch(int thread, int number) {
    const std::string id = std::to_string(thread) + "-" + std::to_string(number);
    DispatchOptions options;
    if (number % 2 == 0) options.idempotency_key = id;
    while (!dispatch_once(id, options) && options.idempotency_key) {
      std::this_thread::sleep_for(1ms);
    }
  }

  bool dispatch_once(const std::string& id, const DispatchOptions& options) {
    const auto receipt = dispatcher_->dispatch(fakes::completed_import(id), options);
    const std::lock_guard lock(told_.mutex);
    if (receipt) {
      told_.accepted.insert(receipt->message_id);
      return true;
    }
    ++told_.refused;
    const std::string& text = receipt.error().message;
    if (receipt.error().code == ErrorCode::commit_unknown) {
      // With a key it is one of those that are accepted in the end, or it is not there.
      if (!options.idempotency_key) told_.maybe.insert(message_in(text));
    } else if (receipt.error().code != ErrorCode::store_failed) {
      told_.faults += text + "\n";
    }
    return false;
  }

  static std::string message_in(const std::string& text) {
    const std::size_t start = text.find("msg_");
    return text.substr(
        start, text.find_first_not_of("msg_0123456789ABCDEFGHJKMNPQRSTVWXYZ", start) - start);
  }

  const unsigned seed_;
  const DiskFaults disk_;
  const fakes::SqliteFile file_;
  WebhookRegistry registry_{fakes::loopback_policy()};
  std::shared_ptr<Witness> witness_;
  Told told_;
  std::unique_ptr<Dispatcher> dispatcher_;
  std::string integrity_;
};

std::vector<unsigned> seeds() {
  if (const char* one = std::getenv("HOOKLINE_SEED"))
    return {static_cast<unsigned>(std::stoul(one))};
  const char* asked = std::getenv("HOOKLINE_SEEDS");
  std::vector<unsigned> all(asked ? std::strtoul(asked, nullptr, 10) / 10 + 1 : 12);
  for (unsigned i = 0; i < all.size(); ++i) all[i] = i + 1;
  return all;
}

}  // namespace

TEST_CASE("On a disk that fails, what was accepted arrives once, and what was refused does not",
          "[disk]") {
  int refused = 0;
  for (const unsigned seed : seeds()) {
    INFO("HOOKLINE_SEED=" << seed);
    DiskRun run(seed);
    run.dispatch_in_bad_weather();
    CHECK(run.all_arrives());
    run.reopen();
    CHECK(run.drains());
    CHECK(run.missing() == 0);
    const std::string faults = run.faults();
    INFO(faults);
    CHECK(faults.empty());
    refused += run.refused();
  }
  CHECK(refused > 0);
}
