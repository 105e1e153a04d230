// The durable store with the whole dispatcher on top of it, killed over and over on the same file.
// `HOOKLINE_CRASH_ROUNDS=10000 test_crash "[kill]"` does it more often.

#include <signal.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "catch.hpp"
#include "crash/child.hpp"
#include "crash/ledger.hpp"
#include "crash/receiver.hpp"
#include "crash/stage.hpp"
#include "store/sqlite_file.hpp"
#include "store/sqlite_integrity.hpp"

using namespace hookline;
using namespace hookline::crash;
using namespace std::chrono_literals;

namespace {

std::size_t rounds_asked_for() {
  if (const char* rounds = std::getenv("HOOKLINE_CRASH_ROUNDS")) return std::stoul(rounds);
  return std::getenv("HOOKLINE_SEEDS") ? 15 : 200;  // set where everything is slow
}

/// The file as the dead have left it. What is found out about it must not help the next process to
/// recover, so it is a copy.
class Remains {
 public:
  explicit Remains(const fakes::SqliteFile& file) : folder_(file.folder() / "remains") {
    std::filesystem::create_directory(folder_);
    for (const char* end : {"", "-wal"}) {
      if (!std::filesystem::exists(file.path() + end)) continue;
      std::filesystem::copy_file(file.path() + end, path() + end);
    }
    integrity_ = fakes::integrity_of(path());
    store_ = SqliteStore::open({path()}).value();
  }
  Remains(const Remains&) = delete;
  Remains& operator=(const Remains&) = delete;
  ~Remains() {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }

  [[nodiscard]] const std::string& integrity() const { return integrity_; }

  [[nodiscard]] Unfinished unfinished() const {
    Unfinished found;
    for (const DeliveryStatus status : {DeliveryStatus::pending, DeliveryStatus::in_flight}) {
      DeliveryQuery query;
      query.status = status;
      query.limit = 1000;
      for (;;) {
        const DeliveryPage page = store_->list(query).value();
        for (const Delivery& delivery : page.deliveries) {
          ++found[Ledger::letter(delivery.import_id, delivery.webhook_id)];
        }
        if (!page.next) break;
        query.after = *page.next;
      }
    }
    return found;
  }

  /// It is on record, or was pruned or erased since.
  [[nodiscard]] bool knows_delivered(const std::string& id) const {
    const auto delivery = store_->find(std::stoull(id));
    if (!delivery) return delivery.error().code == ErrorCode::delivery_not_found;
    return delivery->status == DeliveryStatus::delivered;
  }

 private:
  [[nodiscard]] std::string path() const { return (folder_ / "copy.db").string(); }

  const std::filesystem::path folder_;
  std::string integrity_;
  std::unique_ptr<SqliteStore> store_;
};

class Run {
 public:
  Run() {
    const auto start = std::chrono::steady_clock::now();
    drain();
    const auto once = std::chrono::steady_clock::now() - start;
    longest_life_ = 60ms + 2 * std::chrono::duration_cast<std::chrono::milliseconds>(once);
  }

  /// An importer that delivers, and an operator, each killed at some moment.
  void round(std::size_t number) {
    auto server = receiver_.serve();
    Reports reports;
    std::vector<std::string> command = command_of("deliver", *server, number);
    for (const std::string& import_id : ledger_.unknown()) command.push_back(import_id);
    Child importer(command, reports);
    Child hand(command_of("operate", *server, number), reports);
    const bool importer_first = random_() % 2 == 0;
    // Now and then long enough for what was lost to earlier kills to be tried again.
    const auto up_to = number % 20 == 0 ? longest_life_ + 1500ms : longest_life_;
    kill_at_some_moment(importer_first ? importer : hand, up_to);
    kill_at_some_moment(importer_first ? hand : importer, longest_life_ / 4);
    close(reports, std::move(server));
  }

  /// One process that delivers what is left and ends by itself.
  void drain() {
    auto server = receiver_.serve();
    Reports reports;
    std::vector<std::string> command = command_of("drain", *server, 0);
    for (const std::string& import_id : ledger_.unknown()) command.push_back(import_id);
    if (Child(command, reports).wait() != 0) ledger_.fault("what is left was not delivered");
    close(reports, std::move(server));
  }

  [[nodiscard]] const Ledger& ledger() const { return ledger_; }

 private:
  std::vector<std::string> command_of(const std::string& role, const fakes::HttpServer& server,
                                      std::size_t number) const {
    return {HOOKLINE_CRASH_HOST, role, file_.path(), server.url(""), std::to_string(number)};
  }

  void kill_at_some_moment(Child& child, std::chrono::milliseconds up_to) {
    std::this_thread::sleep_for(1us * (random_() % (1000 * up_to.count() + 1)));
    child.kill();
    if (child.wait() != -SIGKILL) ledger_.fault("a process ended by itself");
  }

  /// Whoever ends first, the answers that are under way are in when the server has ended.
  void close(Reports& reports, std::unique_ptr<fakes::HttpServer> server) {
    const std::vector<std::string> lines = reports.all();
    server.reset();
    const Remains remains(file_);
    if (remains.integrity() != "ok") ledger_.fault("integrity: " + remains.integrity());
    ledger_.close_round(lines, receiver_.take(), remains.unfinished());
    for (const std::string& id : ledger_.take_delivered()) {
      if (!remains.knows_delivered(id)) ledger_.fault("not on record as delivered: " + id);
    }
  }

  const fakes::SqliteFile file_;
  std::mt19937_64 random_{std::random_device()()};
  Receiver receiver_{random_()};
  Ledger ledger_;
  std::chrono::milliseconds longest_life_{};
};

}  // namespace

TEST_CASE("Whenever it is killed, what was accepted arrives and what was recorded is not repeated",
          "[kill]") {
  const std::size_t rounds = rounds_asked_for();
  Run run;
  for (std::size_t round = 1; round <= rounds; ++round) {
    run.round(round);
    INFO("round " << round << ": " << run.ledger().faults());
    REQUIRE(run.ledger().faults().empty());
  }
  run.drain();
  const Ledger& ledger = run.ledger();
  INFO(ledger.faults());
  CHECK(ledger.faults().empty());
  CHECK(ledger.missing().empty());
  CHECK(ledger.accepted() > rounds);
  CHECK(ledger.duplicates() <= kMaxHeld * rounds);
  WARN(rounds << " kills, " << ledger.accepted() << " accepted, " << ledger.taken()
              << " taken off, " << ledger.replayed() << " replayed, " << ledger.duplicates()
              << " duplicates; at most " << ledger.most_forgotten() << " forgotten at a kill");
}
