// What an operator sees: numbers, metrics and the log.
#include <mutex>

#include "catch.hpp"
#include "fakes/samples.hpp"
#include "hookline/dispatcher.hpp"

using namespace hookline;
using namespace hookline::fakes;
using namespace std::chrono_literals;

namespace {

constexpr auto kPatience = 10s;

class Lines final : public Logger {
 public:
  void log(LogLevel level, std::string_view message) override {
    const std::lock_guard lock(mutex_);
    text_ += to_string(level);
    text_ += ' ';
    text_ += message;
    text_ += '\n';
  }
  [[nodiscard]] bool has(const std::string& part) const {
    const std::lock_guard lock(mutex_);
    return text_.find(part) != std::string::npos;
  }

 private:
  mutable std::mutex mutex_;
  std::string text_;
};

bool has_line(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

}  // namespace

TEST_CASE("Numbers of one tenant are of that tenant alone") {
  Bench bench;
  for (const auto* tenant : {"a", "b"}) {
    Webhook webhook = webhook_to("https://hooks.example.com/", std::string("wh_") + tenant);
    webhook.tenant = tenant;
    webhook.state = WebhookState::paused;
    bench.add(webhook);
  }
  Import import = completed_import();
  import.tenant = "a";
  REQUIRE(bench.dispatcher->dispatch(import));
  bench.clock->advance(30s);
  import.tenant = "b";
  for (const auto* id : {"1", "2"}) {
    import.id = id;
    REQUIRE(bench.dispatcher->dispatch(import));
  }
  const auto a = bench.dispatcher->stats("a").value();
  CHECK(a.deliveries.pending == 1);
  CHECK(a.oldest_unfinished_age == 30s);
  const auto b = bench.dispatcher->stats("b").value();
  CHECK(b.deliveries.pending == 2);
  CHECK(b.oldest_unfinished_age == 0s);
  CHECK(b.deliveries.pending_bytes > 2 * 100);
  CHECK(bench.dispatcher->stats("c")->deliveries.pending == 0);
  CHECK(bench.dispatcher->stats()->deliveries.pending == 3);

  LaneQuery query;
  query.tenant = "b";
  const auto lanes = bench.dispatcher->lanes(query)->lanes;
  REQUIRE(lanes.size() == 1);
  CHECK(lanes[0].webhook_id == "wh_b");
  CHECK(lanes[0].pending == 2);
  CHECK(lanes[0].oldest_unfinished == bench.clock->system_now());
}

TEST_CASE("Metrics count what has happened, in the text form of Prometheus") {
  Bench bench;
  bench.add(webhook_to());
  bench.transport->answer_next(testing::status(503));
  bench.transport->answer_next(testing::failure(FailureClass::timeout));
  REQUIRE(bench.dispatcher->dispatch(completed_import()));
  REQUIRE(bench.wait_for_attempts(1));
  bench.clock->advance(5s);
  REQUIRE(bench.wait_for_attempts(2));
  bench.clock->advance(5min);
  REQUIRE(bench.dispatcher->flush(kPatience));
  CHECK_FALSE(bench.dispatcher->dispatch(completed_import("")));
  std::string text;
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  do {
    text = bench.dispatcher->metrics().value();
  } while (!has_line(text, "hookline_deliveries_ended_total{status=\"delivered\"} 1") &&
           std::chrono::steady_clock::now() < deadline);
  CHECK(has_line(text, "# TYPE hookline_dispatches_total counter"));
  CHECK(has_line(text, "hookline_dispatches_total{repeated=\"false\"} 1"));
  CHECK(has_line(text, "hookline_dispatch_errors_total{code=\"invalid_import\"} 1"));
  CHECK(has_line(text, "hookline_attempts_total{result=\"5xx\"} 1"));
  CHECK(has_line(text, "hookline_attempts_total{result=\"timeout\"} 1"));
  CHECK(has_line(text, "hookline_attempts_total{result=\"2xx\"} 1"));
  CHECK(has_line(text, "hookline_deliveries_ended_total{status=\"delivered\"} 1"));
  CHECK(has_line(text, "hookline_attempt_duration_seconds_count 3"));
  CHECK(has_line(text, "hookline_attempt_duration_seconds_bucket{le=\"+Inf\"} 3"));
  CHECK(has_line(text, "hookline_deliveries{status=\"pending\"} 0"));
}

TEST_CASE("The log tells of disabled webhooks, resting lanes and failed attempts, and no secret") {
  const auto lines = std::make_shared<Lines>();
  DispatcherOptions options;
  options.logger = lines;
  Bench bench(options);
  Webhook webhook = webhook_to("https://hooks.example.com/in?token=hidden", "crm");
  webhook.tenant = "acme";
  webhook.bearer_token = Secret("hidden-token");
  bench.add(webhook);
  bench.transport->answer(testing::status(500));
  Import import = completed_import();
  import.tenant = "acme";
  for (int i = 0; i < 6; ++i) {
    import.id = std::to_string(i);
    REQUIRE(bench.dispatcher->dispatch(import));
  }
  REQUIRE(bench.transport->wait_for_requests(5, kPatience));
  bench.transport->answer(testing::status(410));
  bench.clock->advance(1h);
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!lines->has("was disabled") && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::yield();
  }
  bench.dispatcher->shutdown(kPatience);
  CHECK(lines->has("debug delivery 1: attempt 1 failed: http: status 500\n"));
  CHECK(lines->has("warning webhook crm of tenant \"acme\" rests for 5 s: http: status 500\n"));
  CHECK(
      lines->has("warning webhook crm of tenant \"acme\" was disabled: the receiver answered 410"));
  CHECK(lines->has("info shut down: "));
  CHECK_FALSE(lines->has("hidden"));
}

TEST_CASE("Nothing is younger than new, even if the wall clock was set back") {
  Bench bench;
  const Webhook webhook = bench.add(webhook_to());
  REQUIRE(bench.registry.pause(webhook.id));
  REQUIRE(bench.dispatcher->dispatch(completed_import()));
  bench.clock->set_system_time(bench.clock->system_now() - 1h);
  CHECK(bench.dispatcher->stats()->oldest_unfinished_age == 0ms);
}
