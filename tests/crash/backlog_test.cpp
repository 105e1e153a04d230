// A receiver that is gone for a month costs disk, and nothing else.

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

#include "catch.hpp"
#include "crash/child.hpp"
#include "store/shelf.hpp"
#include "store/sqlite_file.hpp"

using namespace hookline;
using namespace hookline::crash;
using namespace hookline::fakes;
using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;

namespace {

constexpr std::int64_t kMostKib = 64 * 1024;

int backlog_asked_for() {
  return std::getenv("HOOKLINE_SEEDS") ? 20'000 : 1'000'000;  // set where everything is slow
}

Moment now() {
  const auto wall_now = std::chrono::system_clock::now();
  return {DueTime(wall_now.time_since_epoch()), wall_now};
}

NewEvent event_for(const std::string& webhook, int number) {
  NewDelivery delivery;
  delivery.lane = {"", webhook, ""};
  NewEvent event = event_with({delivery}, "msg_" + std::to_string(number));
  event.receipt.import_id = "import-" + std::to_string(number);
  event.accepted = now();
  event.deliveries[0].due = event.accepted.due;
  return event;
}

void append(DeliveryStore& store, const std::string& webhook, int count) {
  constexpr int kTogether = 2'000;
  for (int done = 0; done < count; done += kTogether) {
    std::vector<NewEvent> events;
    for (int i = done; i < std::min(count, done + kTogether); ++i) {
      events.push_back(event_for(webhook, i));
    }
    const auto results = store.append(std::move(events), {});
    REQUIRE(std::all_of(results.begin(), results.end(),
                        [](const auto& one) { return one.has_value(); }));
  }
}

/// A file with so many deliveries to a webhook that is paused, and a few to one that is not.
class Backlog {
 public:
  explicit Backlog(int size) {
    const auto store = file_.open();
    append(*store, "paused", size);
    append(*store, "awake", 100);
  }

  /// The median of several rounds that claim eight and bring them to an end.
  [[nodiscard]] std::chrono::microseconds claim_time() const {
    const auto store = file_.open();
    std::vector<std::chrono::microseconds> times;
    for (int i = 0; i < 41; ++i) times.push_back(claim_once(*store));
    std::nth_element(times.begin(), times.begin() + 20, times.end());
    return times[20];
  }

  struct Measured {
    std::int64_t first_us = 0;
    std::int64_t peak_kib = 0;
  };
  [[nodiscard]] Measured start() const {
    Reports reports;
    Child child({HOOKLINE_BACKLOG_HOST, file_.path()}, reports);
    REQUIRE(child.wait() == 0);
    Measured measured;
    std::istringstream(reports.all().at(0)) >> measured.first_us >> measured.peak_kib;
    return measured;
  }

 private:
  static std::chrono::microseconds claim_once(DeliveryStore& store) {
    const Moment moment = now();
    StoreWork round;
    round.now = moment.due;
    round.wall = moment.wall;
    round.lease_until = moment.due + 60s;
    round.claims = {{{"", "paused", ""}, 8, false, false}};
    const auto start = Steady::now();
    const StoreReply reply = store.exchange(round).value();
    const auto time = Steady::now() - start;
    REQUIRE(reply.claimed.at(0).claims.size() == 8);
    return std::chrono::duration_cast<std::chrono::microseconds>(time);
  }

  const SqliteFile file_;
};

}  // namespace

TEST_CASE("A million deliveries that wait cost neither memory nor time", "[backlog]") {
  const Backlog none(0);
  const Backlog small(1'000);
  const auto begin = Steady::now();
  const Backlog large(backlog_asked_for());
  const auto made = std::chrono::duration_cast<std::chrono::milliseconds>(Steady::now() - begin);

  const auto at_rest = none.start();
  const auto with_few = small.start();
  const auto with_many = large.start();
  const auto claims_of_few = small.claim_time();
  const auto claims_of_many = large.claim_time();
  WARN("made in " << made.count() << " ms; peak KiB " << at_rest.peak_kib << ", "
                  << with_few.peak_kib << ", " << with_many.peak_kib << "; first delivery us "
                  << at_rest.first_us << ", " << with_few.first_us << ", " << with_many.first_us
                  << "; claim us " << claims_of_few.count() << ", " << claims_of_many.count());
  CHECK(with_many.peak_kib - at_rest.peak_kib <= kMostKib);
  CHECK(with_many.first_us <= 2 * with_few.first_us + 20'000);
  CHECK(claims_of_many <= 5 * claims_of_few);
}
