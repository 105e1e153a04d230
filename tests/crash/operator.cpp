#include "crash/operator.hpp"

#include <chrono>
#include <optional>
#include <random>
#include <string>
#include <thread>

#include "crash/report.hpp"

namespace hookline::crash {
namespace {

using namespace std::chrono_literals;

class Operator {
 public:
  Operator(Dispatcher& dispatcher, std::uint64_t seed) : dispatcher_(dispatcher), random_(seed) {}

  void act() {
    const auto dice = random_() % 20;
    if (dice < 6) {
      discard();
    } else if (dice < 9) {
      erase();
    } else if (dice < 16) {
      replay();
    } else if (dice < 18) {
      recover();
    } else {
      pause();
    }
    std::this_thread::sleep_for(1ms * (random_() % 5));
  }

 private:
  void discard() {
    const auto delivery = any_of("handled");
    if (!delivery) return;
    report("takes", delivery->import_id);
    DeliveryQuery query;
    query.id = delivery->id;
    expect(dispatcher_.discard(query));
  }

  void erase() {
    const auto delivery = any_of("handled");
    if (!delivery) return;
    report("takes", delivery->import_id);
    expect(dispatcher_.erase({"c", delivery->import_id}));
  }

  void replay() {
    const auto delivery = any_of(random_() % 20 == 0 ? "ordered" : "steady");
    if (!delivery) return;
    report("replays", delivery->import_id, delivery->webhook_id);
    const auto replayed = dispatcher_.replay(delivery->id);
    if (replayed) {
      report("replayed", delivery->import_id, delivery->webhook_id);
    } else if (replayed.error().code != ErrorCode::delivery_not_found) {  // pruned meanwhile
      report("failed", replayed.error().message);
    }
  }

  void recover() {
    report("recovers", "handled");
    expect(dispatcher_.recover("handled", {}));
  }

  void pause() {
    expect(dispatcher_.pause());
    std::this_thread::sleep_for(1ms * (random_() % 5));
    expect(dispatcher_.resume());
  }

  /// A delivery to this webhook, in whatever state.
  std::optional<Delivery> any_of(const std::string& webhook) {
    DeliveryQuery query;
    query.webhook_id = webhook;
    const auto page = dispatcher_.deliveries(query);
    expect(page);
    if (!page || page->deliveries.empty()) return std::nullopt;
    return page->deliveries[random_() % page->deliveries.size()];
  }

  template <class T>
  static void expect(const Result<T>& result) {
    if (!result) report("failed", result.error().message);
  }

  Dispatcher& dispatcher_;
  std::mt19937_64 random_;
};

}  // namespace

void operate(Dispatcher& dispatcher, std::uint64_t seed) {
  Operator hand(dispatcher, seed);
  if (!dispatcher.resume()) report("failed", "resume");  // one who was killed may have paused
  for (;;) hand.act();
}

}  // namespace hookline::crash
