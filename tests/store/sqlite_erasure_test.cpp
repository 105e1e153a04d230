#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>

#include "catch.hpp"
#include "store/shelf.hpp"
#include "store/sqlite_file.hpp"

using namespace hookline;
using namespace hookline::fakes;

namespace {

void erase_all(const Shelf& shelf, const EraseQuery& query) {
  while (shelf.store->erase(query, 50).value().next) {
  }
}

/// An event of tenant `t` whose every text has the mark in it.
NewEvent marked_event(const std::string& mark, int number) {
  const std::string tail = mark + std::to_string(number);
  NewDelivery managed = delivery_to(lane("wh-" + std::to_string(number % 7)));
  NewDelivery basic = delivery_to(basic_lane("https://" + tail + ".example"));
  basic.url = "https://" + tail + ".example/?key=" + mark;
  NewEvent event = event_with({managed, basic}, "msg_" + tail);
  event.receipt.import_id = "import-" + mark;
  event.managed_body = std::make_shared<const std::string>(mark + std::string(300, '-') + tail);
  event.basic_body = std::make_shared<const std::string>(std::string(9'000, '.') + mark);
  return with_key(std::move(event), "key-" + tail, "print-" + mark);
}

void attempt_all(const Shelf& shelf) {
  std::mt19937 random(7);
  for (const LaneKey& key : shelf.list(2'000, 10)) {
    StoreWork round;
    for (const Claim& claim : shelf.claim(key, 100, 10).claims) {
      Outcome outcome;
      outcome.kind = random() % 2 ? Outcome::Kind::retry : Outcome::Kind::exhausted;
      outcome.claim = claim;
      outcome.due = at(100);
      outcome.attempt = Attempt();
      outcome.attempt->number = 1;
      const std::string mark = claim.import_id;
      outcome.attempt->url = "https://example/" + mark;
      outcome.attempt->error = "error " + mark;
      outcome.attempt->response_body = std::string(random() % 900, 'r') + mark;
      round.outcomes.push_back(outcome);
    }
    shelf.work(round, 20);
  }
}

}  // namespace

TEST_CASE("Nothing of what was erased can be read in the files, and the rest is whole") {
  const SqliteFile file;
  {
    const Shelf shelf(file.open());
    for (int i = 0; i < 200; ++i) {
      shelf.append(marked_event("SECRET", i));
      shelf.append(marked_event("PUBLIC", i));
    }
    attempt_all(shelf);
    erase_all(shelf, {"t", "import-SECRET"});
    DeliveryQuery rest;
    rest.import_id = "import-PUBLIC";
    rest.limit = 1'000;
    CHECK(shelf.listed(rest).size() == 400);
  }
  CHECK(file.files_with("SECRET").empty());
  {
    const Shelf shelf(file.open());
    erase_all(shelf, {"t", "import-PUBLIC"});
  }
  CHECK(file.files_with("PUBLIC").empty());
}

TEST_CASE("Erasing an import leaves no trace of it while the store stays open") {
  const SqliteFile file;
  const Shelf other(file.open());
  std::string copy;
  {
    const Shelf shelf(file.open());
    for (int i = 0; i < 50; ++i) shelf.append(marked_event("SECRET", i));
    shelf.put(lane("stays"));
    erase_all(shelf, {"t", "import-SECRET"});
    // A copy made by another program, which has no locks to lose here.
    copy = (file.folder() / "copy").string();
    const std::string command = "mkdir " + copy + " && cp " + file.path() + "* " + copy;
    REQUIRE(system(command.c_str()) == 0);
  }
  for (const auto& entry : std::filesystem::directory_iterator(copy)) {
    std::ifstream in(entry.path(), std::ios::binary);
    const std::string bytes(std::istreambuf_iterator<char>(in), {});
    INFO(entry.path());
    CHECK(bytes.find("SECRET") == std::string::npos);
  }
}
