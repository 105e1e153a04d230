// A receiver that has been away for long: what waits for it must cost disk and nothing else.

#include "scenarios/backlog.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <random>
#include <stdexcept>
#include <thread>

#include "harness/rounds.hpp"
#include "hookline/testing.hpp"
#include "scenarios/stored.hpp"

namespace hookline::bench {
namespace {

constexpr std::size_t kClaimed = 64;

NewEvent waiting_event(const std::shared_ptr<const std::string>& body, std::size_t number,
                       DueTime due) {
  NewDelivery delivery;
  delivery.lane = {"", kBacklogWebhook, ""};
  delivery.due = due;
  NewEvent event;
  event.receipt.message_id = "msg_" + std::to_string(100'000'000 + number);
  event.receipt.import_id = timed_id();
  event.accepted = {due, std::chrono::system_clock::now()};
  event.managed_body = body;
  event.deliveries = {delivery};
  event.receipt.deliveries.push_back({0, kBacklogWebhook, std::nullopt});
  return event;
}

DueTime now() { return moment_now().due; }

/// All of them are due, the oldest since an hour.
void fill(const std::string& file, std::size_t size, DueOrder order) {
  constexpr std::size_t kTogether = 2'000;
  SqliteStoreOptions options;
  options.path = file;
  const auto store = checked(SqliteStore::open(options));
  const auto body = std::make_shared<const std::string>(body_of(700));
  const DueTime begin = now() - std::chrono::hours(1);
  std::mt19937_64 random(1);
  for (std::size_t done = 0; done < size; done += kTogether) {
    std::vector<NewEvent> events;
    for (std::size_t i = done; i < std::min(size, done + kTogether); ++i) {
      const std::size_t place = order == DueOrder::random ? random() % size : i;
      events.push_back(waiting_event(body, i, begin + std::chrono::milliseconds(place)));
    }
    for (auto& appended : store->append(std::move(events), {})) checked(std::move(appended));
  }
}

StoreWork work_now() {
  StoreWork work;
  work.now = now();
  work.wall = std::chrono::system_clock::now();
  work.lease_until = work.now + std::chrono::minutes(1);
  work.claims = {{{"", kBacklogWebhook, ""}, kClaimed, false, false}};
  return work;
}

std::vector<Outcome> delivered(StoreReply reply) {
  std::vector<Outcome> outcomes;
  for (Claim& claim : reply.claimed.at(0).claims) {
    Outcome outcome;
    outcome.kind = Outcome::Kind::delivered;
    outcome.claim = std::move(claim);
    outcome.at = std::chrono::system_clock::now();
    outcome.attempt.emplace();
    outcome.attempt->number = 1;
    outcome.attempt->http_status = 200;
    outcomes.push_back(std::move(outcome));
  }
  if (outcomes.size() != kClaimed) throw std::runtime_error("a claim has brought too little");
  return outcomes;
}

Scenario claims(const Settings& settings, DueOrder order, double bound) {
  const auto size = static_cast<std::size_t>(settings.scaled(1'000'000));
  const std::string large = backlog_file(settings, size, order);
  const std::string small = backlog_file(settings, 1'000, order);
  Scenario scenario;
  scenario.what = "claim of 64 with 1,000,000 pending, against 1,000";
  scenario.sides = {{"hookline", [=] { return on_a_copy(settings, large, &claim_from); }},
                    {"few", [=] { return on_a_copy(settings, small, &claim_from); }}};
  scenario.targets = {{"time of a claim", "hookline", "p50_us", "few", "p50_us", false, bound},
                      {"MiB above empty", "hookline", "growth_mib", "", "", false, 64}};
  return scenario;
}

Scenario restart(const Settings& settings) {
  const auto size = static_cast<std::size_t>(settings.scaled(1'000'000));
  const std::string large = backlog_file(settings, size);
  const std::string small = backlog_file(settings, 1'000);
  const auto measure = [=](const std::string& file) { return restart_on(settings, file); };
  Scenario scenario;
  scenario.what = "restart with 1,000,000 pending: start to first request, against 1,000";
  scenario.sides = {{"hookline", [=] { return on_a_copy(settings, large, measure); }},
                    {"few", [=] { return on_a_copy(settings, small, measure); }}};
  scenario.targets = {
      {"time to first request", "hookline", "first_us", "few", "first_us", false, 2},
      {"MiB above empty", "hookline", "growth_mib", "", "", false, 64}};
  return scenario;
}

Scenario paused(const Settings& settings) {
  HostPlan plan;
  plan.url = settings.http + "/hooks";
  plan.seconds = settings.run_seconds;
  HostPlan beside = plan;
  beside.paused_webhook = kBacklogWebhook;
  const auto size = static_cast<std::size_t>(settings.scaled(1'000'000));
  const std::string large = backlog_file(settings, size);
  const auto measure = [=](const std::string& file) {
    HostPlan there = beside;
    there.store_file = file;
    return Host(settings, there).measure();
  };
  // It has a file of its own, but copies as much: a disk goes on working after a gigabyte was
  // synced.
  const auto none_paused = [=](const std::string& /*file*/) {
    return Host(settings, plan).measure();
  };
  Scenario scenario;
  scenario.what = "1,000,000 pending for a paused webhook, another one busy";
  scenario.sides = {{"hookline", [=] { return on_a_copy(settings, large, measure); }},
                    {"none_paused", [=] { return on_a_copy(settings, large, none_paused); }}};
  scenario.targets = {
      {"rate of the other", "hookline", "per_second", "none_paused", "per_second", true, 0.95}};
  return scenario;
}

/// So that the system does not write it while something else is measured.
void sync_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  const bool synced = file >= 0 && ::fsync(file) == 0;
  if (file >= 0) ::close(file);
  if (!synced) throw std::runtime_error("backlog: a copy was not written");
}

}  // namespace

std::string backlog_file(const Settings& settings, std::size_t size, DueOrder order) {
  const std::string file = settings.folder + "/backlog-" + std::to_string(size) +
                           (order == DueOrder::random ? "-random" : "");
  if (!std::filesystem::exists(file)) {
    static_cast<void>(run_isolated([&] {
      fill(file, size, order);
      return Figures{};
    }));
  }
  return file;
}

Figures on_a_copy(const Settings& settings, const std::string& file,
                  const std::function<Figures(const std::string&)>& measure) {
  const TemporaryFile copy(settings.folder);
  std::filesystem::copy_file(file, copy.path());
  sync_file(copy.path());
  return measure(copy.path());
}

Figures claim_from(const std::string& file) {
  SqliteStoreOptions options;
  options.path = file;
  const double before = memory_mib("VmRSS");
  const auto store = checked(SqliteStore::open(options));
  Latencies latencies;
  StoreWork work = work_now();
  work.first = true;
  for (int i = 0; i < 14; ++i) {
    const auto start = Steady::now();
    StoreReply reply = checked(store->exchange(work));
    const auto time = Steady::now() - start;
    if (i > 0) latencies.add(time);  // the first one has no outcomes to record
    work = work_now();
    work.outcomes = delivered(std::move(reply));
  }
  Figures figures;
  latencies.add_to(figures);
  figures["growth_mib"] = memory_mib("VmHWM") - before;
  return figures;
}

Figures restart_on(const Settings& /*settings*/, const std::string& file) {
  const double before = memory_mib("VmRSS");
  WebhookRegistry registry(loopback_policy());
  Webhook webhook;
  webhook.id = kBacklogWebhook;
  webhook.url = "http://127.0.0.1:18080/hooks";
  webhook.all_imports = true;
  checked(registry.add(webhook));

  const auto start = Steady::now();
  std::atomic<Steady::rep> first{0};
  DispatcherOptions options;
  options.store_file = file;
  options.transport = std::make_shared<testing::FunctionTransport>(
      [&](const HttpRequest& /*request*/, const Transport::Completion& completion) {
        Steady::rep none = 0;
        first.compare_exchange_strong(none, (Steady::now() - start).count());
        completion(testing::status(200));
      });
  const auto dispatcher = checked(Dispatcher::create(registry, options));
  const auto give_up = start + std::chrono::seconds(30);
  while (first == 0 && Steady::now() < give_up) {
    std::this_thread::sleep_for(std::chrono::microseconds(50));
  }
  Figures figures;
  figures["first_us"] = microseconds(Steady::duration(first));
  std::this_thread::sleep_for(std::chrono::milliseconds(100));  // let it work on
  figures["growth_mib"] = memory_mib("VmHWM") - before;
  dispatcher->shutdown(std::chrono::seconds(5));
  if (first == 0) throw std::runtime_error("restart: nothing was sent in 30 seconds");
  return figures;
}

std::vector<Entry> backlog_entries() {
  return {{"claim-in-order",
           [](const Settings& settings) { return claims(settings, DueOrder::as_stored, 1.5); }},
          {"claim-random",
           [](const Settings& settings) { return claims(settings, DueOrder::random, 5); }},
          {"restart", &restart},
          {"paused-backlog", &paused}};
}

}  // namespace hookline::bench
