// What a delivery is made of, each part by itself: what the whole would cost if no part was in
// another's way.

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

#include "scenarios/host.hpp"
#include "scenarios/stored.hpp"

namespace hookline::bench {
namespace {

constexpr std::size_t kInFlight = 64;

// --- The transport -------------------------------------------------------------------------------

/// Keeps requests out, each of which sends the next one when it is answered.
class Relay {
 public:
  explicit Relay(std::string url) : body_(std::make_shared<const std::string>(body_of(700))) {
    request_.url = std::move(url);
    request_.address_policy = loopback_policy();
    request_.body = body_;
    for (const std::string& header : signed_headers()) {
      const auto colon = header.find(": ");  // without one it takes a header of libcurl's away
      if (colon == std::string::npos) continue;
      request_.headers.push_back({header.substr(0, colon), header.substr(colon + 2)});
    }
    transport_ = checked(CurlTransport::create({}));
    for (std::size_t i = 0; i < kInFlight; ++i) send();
  }
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;
  ~Relay() { stopping_ = true; }

  [[nodiscard]] std::uint64_t answered() const { return answered_; }
  [[nodiscard]] bool failed() const { return failed_; }

 private:
  void send() {
    transport_->send(request_, [this](HttpResult result) {
      if (stopping_) return;
      if (!result || result->status != 200) failed_ = true;
      ++answered_;
      if (!failed_) send();
    });
  }

  const std::shared_ptr<const std::string> body_;
  HttpRequest request_;
  std::atomic<std::uint64_t> answered_{0};
  std::atomic<bool> failed_{false};
  std::atomic<bool> stopping_{false};
  std::unique_ptr<CurlTransport> transport_;  // ends first
};

Figures run_transport(const Settings& settings) {
  const Relay relay(settings.http + "/hooks");
  std::this_thread::sleep_for(std::chrono::duration<double>(settings.run_seconds / 4));
  const std::uint64_t before = relay.answered();
  const Meter meter;
  std::this_thread::sleep_for(std::chrono::duration<double>(settings.run_seconds));
  Figures figures;
  meter.add_to(figures, relay.answered() - before);
  if (relay.failed()) throw std::runtime_error("parts: a request has failed");
  return figures;
}

// --- Everything else -----------------------------------------------------------------------------

/// Answers every request with a success, from a thread of its own, as a transport does.
class Echo final : public Transport {
 public:
  Echo() : thread_([this] { run(); }) {}
  ~Echo() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    bell_.notify_one();
    thread_.join();
  }

  void send(HttpRequest /*request*/, Completion completion) override {
    {
      const std::lock_guard lock(mutex_);
      sent_.push_back(std::move(completion));
    }
    bell_.notify_one();
  }

 private:
  void run() {
    std::vector<Completion> taken;
    for (;;) {
      {
        std::unique_lock lock(mutex_);
        bell_.wait(lock, [this] { return stopping_ || !sent_.empty(); });
        if (sent_.empty()) return;
        taken.swap(sent_);
      }
      for (const Completion& completion : taken) {
        HttpResponse response;
        response.status = 200;
        completion(std::move(response));
      }
      taken.clear();
    }
  }

  std::mutex mutex_;
  std::condition_variable bell_;
  std::vector<Completion> sent_;
  bool stopping_ = false;
  std::thread thread_;
};

Figures run_rest(const Settings& settings) {
  HostPlan plan;
  plan.store = HostPlan::Store::memory;
  plan.url = settings.http + "/hooks";
  plan.seconds = settings.run_seconds;
  plan.other_transport = std::make_shared<Echo>();
  return Host(settings, plan).measure();
}

// --- The file ------------------------------------------------------------------------------------

/// A commit of so many events and one of their outcomes, in turn, on one thread.
Figures run_store(const Settings& settings) {
  const TemporaryFile file(settings.folder);
  SqliteStoreOptions options;
  options.path = file.path();
  const auto store = checked(SqliteStore::open(options));
  const auto body = std::make_shared<const std::string>(body_of(700));
  std::uint64_t number = 0;
  const Meter meter;
  for (const auto end = Steady::now() + std::chrono::duration<double>(settings.run_seconds);
       Steady::now() < end;) {
    const Moment now = moment_now();
    std::vector<NewEvent> events;
    for (std::size_t i = 0; i < kInFlight; ++i) events.push_back(event_of(++number, now, body));
    std::vector<Outcome> outcomes;
    for (auto& appended : store->append(std::move(events), {})) {
      outcomes.push_back(
          success_of(checked(std::move(appended)).ids.front(), 0, now, settings.http));
    }
    record(*store, std::move(outcomes), now);
  }
  Figures figures;
  meter.add_to(figures, number);
  return figures;
}

Scenario parts(const Settings& settings) {
  BarePlan bare;
  bare.url = settings.http + "/hooks";
  bare.body = body_of(700);
  bare.in_flight = kInFlight;
  bare.seconds = settings.run_seconds;
  Scenario scenario;
  scenario.what = "the parts of a delivery, each by itself";
  scenario.sides = {{"transport", [=] { return run_transport(settings); }},
                    {"bare", [=] { return run_bare(bare); }},
                    {"rest", [=] { return run_rest(settings); }},
                    {"sqlite", [=] { return run_store(settings); }}};
  return scenario;
}

}  // namespace

std::vector<Entry> part_entries() { return {{"parts", &parts}}; }

}  // namespace hookline::bench
