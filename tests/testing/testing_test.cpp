#include "hookline/testing.hpp"

#include <atomic>
#include <thread>

#include "catch.hpp"
#include "fakes/samples.hpp"

using namespace hookline;
using namespace std::chrono_literals;

TEST_CASE("A host can test its import code in ten lines, retries included, over and over") {
  for (int i = 0; i < 50; ++i) {
    WebhookRegistry registry;
    REQUIRE(registry.add(fakes::webhook_to()));
    auto transport = std::make_shared<testing::RecordingTransport>();
    transport->answer_next(testing::status(503));
    auto clock = std::make_shared<testing::ManualClock>();
    DispatcherOptions options;
    options.transport = transport;
    options.clock = clock;
    options.store = std::make_shared<MemoryStore>();
    auto dispatcher = Dispatcher::create(registry, options).value();
    REQUIRE(dispatcher->dispatch(fakes::completed_import()));
    REQUIRE(transport->wait_for_requests(1, 5s));
    clock->advance(10s);
    REQUIRE(dispatcher->flush(5s));
    REQUIRE(transport->requests().size() == 2);
  }
}

TEST_CASE("A recording transport follows its script, then answers as it was told") {
  testing::RecordingTransport transport;
  std::vector<int> seen;
  const auto ask = [&] {
    transport.send({}, [&](HttpResult result) { seen.push_back(result ? result->status : 0); });
  };
  transport.answer_next(testing::status(500));
  transport.answer_next(testing::failure(FailureClass::dns));
  for (int i = 0; i < 3; ++i) ask();
  transport.answer(testing::retry_after(429, "7"));
  ask();
  CHECK(seen == std::vector<int>{500, 0, 200, 429});
  CHECK(transport.requests().size() == 4);
  CHECK_FALSE(transport.wait_for_requests(5, 1ms));
}

TEST_CASE("Headers are found whatever their case") {
  HttpRequest request;
  request.headers = {{"Webhook-Id", "msg_1"}};
  CHECK(testing::header(request, "webhook-id") == "msg_1");
  CHECK(testing::header(request, "absent").empty());
}

TEST_CASE("A manual clock stands still, and moves steady and system time as it is told") {
  testing::ManualClock clock;
  const auto steady = clock.steady_now();
  const auto system = clock.system_now();
  CHECK(clock.steady_now() == steady);
  clock.advance(3s);
  CHECK(clock.steady_now() - steady == 3s);
  CHECK(clock.system_now() - system == 3s);
  clock.set_system_time(system);
  CHECK(clock.system_now() == system);
  CHECK(clock.steady_now() - steady == 3s);
}

TEST_CASE("Who listens to a manual clock hears of each move until the subscription ends") {
  testing::ManualClock clock;
  std::atomic<int> heard{0};
  auto subscription = clock.on_move([&] {
    (void)clock.steady_now();  // a listener may ask what time it is
    ++heard;
  });
  clock.advance(1s);
  clock.set_system_time(clock.system_now());
  CHECK(heard == 2);
  subscription.reset();
  clock.advance(1s);
  CHECK(heard == 2);
}
