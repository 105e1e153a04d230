// What a caller of `dispatch` waits for.

#include <malloc.h>

#include <algorithm>
#include <stdexcept>
#include <thread>
#include <vector>

#include "scenarios/host.hpp"

namespace hookline::bench {
namespace {

using Store = HostPlan::Store;

HostPlan plan_for(const Settings& settings, Store store, bool deliver) {
  HostPlan plan;
  plan.store = store;
  plan.deliver = deliver;
  plan.url = settings.http + "/hooks";
  plan.seconds = settings.run_seconds;
  return plan;
}

Latencies call(Host& host, Steady::time_point end) {
  Latencies latencies;
  const Import import = host.import_for(0);
  for (auto start = Steady::now(); start < end;) {
    host.dispatch(import);
    const auto now = Steady::now();
    latencies.add(now - start);
    start = now;
  }
  return latencies;
}

/// So many callers, each with one dispatch after the other.
Figures dispatch_all(const Settings& settings, const HostPlan& plan, std::size_t callers) {
  Host host(settings, plan);
  static_cast<void>(call(host, Steady::now() + std::chrono::milliseconds(50)));
  std::vector<Latencies> each(callers);
  const Meter meter;
  const auto end = Steady::now() + std::chrono::duration_cast<Steady::duration>(
                                       std::chrono::duration<double>(plan.seconds));
  std::vector<std::thread> threads;
  for (Latencies& latencies : each) threads.emplace_back([&] { latencies = call(host, end); });
  for (std::thread& thread : threads) thread.join();
  Latencies all;
  for (const Latencies& latencies : each) all.add(latencies);
  Figures figures;
  meter.add_to(figures, all.size());
  figures["each_us"] =
      plan.seconds * 1e6 * static_cast<double>(callers) / static_cast<double>(all.size());
  all.add_to(figures);
  host.dispatcher().shutdown(std::chrono::seconds(0));
  return figures;
}

Side dispatch_side(const std::string& name, const Settings& settings, const HostPlan& plan,
                   std::size_t callers = 1) {
  return {name, [=] { return dispatch_all(settings, plan, callers); }};
}

/// The rows that a dispatch writes, in one transaction on a connection that nobody else uses.
Figures run_commits(const Settings& settings) {
  const TemporaryFile file(settings.folder);
  {
    HostPlan plan = plan_for(settings, Store::sqlite, false);
    plan.store_file = file.path();
    Host host(settings, plan);
    host.dispatch(host.import_for(0));
  }
  Database db(file.path());
  db.run("PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=8000; PRAGMA cache_size=-4096");
  const std::int64_t lane_id = db.value("SELECT id FROM lane");
  const std::int64_t tenant_id = db.value("SELECT id FROM tenant");
  Statement begin(db, "BEGIN IMMEDIATE");
  Statement event(db, "INSERT INTO event VALUES(?1,?5,?2,?3,0,1,1,?4,1)");
  Statement body(db, "INSERT INTO body VALUES(?1*2,CAST(?2 AS BLOB))");
  Statement delivery(
      db,
      "INSERT INTO delivery(id,event,lane,tenant,basic,phase,status,due,was_due,lease,size,"
      "accepted,created) VALUES(?1,?1,?3,?4,0,0,0,?2,?2,0,700,?2,?2)");
  Statement lane(db, "UPDATE lane SET pending=pending+1,deliveries=deliveries+1 WHERE id=?1");
  Statement tenant(db, "UPDATE tenant SET pending=pending+1,bytes=bytes+700 WHERE id=?1");
  Statement store(db, "UPDATE store SET newest=?1,pending=pending+1,bytes=bytes+700 WHERE id=1");
  Statement commit(db, "COMMIT");
  const std::string bytes = body_of(700);
  Latencies latencies;
  const Meter meter;
  const auto end = Steady::now() + std::chrono::duration<double>(settings.run_seconds);
  for (std::int64_t id = 1000; Steady::now() < end; ++id) {
    const std::string message = "msg_01M855PFR8P4X4NJMB7A4H" + std::to_string(1'000'000 + id);
    const std::string import = timed_id();
    const std::int64_t now = 1'700'000'000'000'000 + id;
    const auto start = Steady::now();
    begin.run();
    event.run(id, message, import, now, tenant_id);
    body.run(id, bytes);
    delivery.run(id, now, lane_id, tenant_id);
    lane.run(lane_id);
    tenant.run(tenant_id);
    store.run(id);
    commit.run();
    latencies.add(Steady::now() - start);
  }
  Figures figures;
  meter.add_to(figures, latencies.size());
  latencies.add_to(figures);
  return figures;
}

Scenario dispatch_one(const Settings& settings) {
  Scenario scenario;
  scenario.what = "dispatch(), SQLite, one caller";
  scenario.sides = {dispatch_side("hookline", settings, plan_for(settings, Store::sqlite, false)),
                    dispatch_side("delivering", settings, plan_for(settings, Store::sqlite, true)),
                    {"commit", [=] { return run_commits(settings); }},
                    {"sync", [=] { return run_sync(settings.folder, settings.run_seconds / 4); }}};
  scenario.targets = {
      {"p50", "hookline", "p50_us", "commit", "p50_us", false, 1.3},
      {"p99", "hookline", "p99_us", "commit", "p99_us", false, 3},
      {"p50 while delivering", "delivering", "p50_us", "commit", "p50_us", false, 1.3},
      {"p99 while delivering", "delivering", "p99_us", "commit", "p99_us", false, 3}};
  return scenario;
}

Scenario dispatch_64(const Settings& settings) {
  const HostPlan accepting = plan_for(settings, Store::sqlite, false);
  const HostPlan delivering = plan_for(settings, Store::sqlite, true);
  Scenario scenario;
  scenario.what = "dispatch(), SQLite, 64 callers";
  scenario.sides = {dispatch_side("hookline", settings, accepting, 64),
                    dispatch_side("one_caller", settings, accepting),
                    dispatch_side("delivering", settings, delivering, 64)};
  scenario.targets = {
      {"dispatches/s", "hookline", "per_second", "one_caller", "per_second", true, 10}};
  return scenario;
}

Figures run_building(const Settings& settings) {
  const HostPlan plan = plan_for(settings, Store::memory, false);
  Host host(settings, plan);
  const Import import = host.import_for(0);
  const PayloadBuilder builder;
  Latencies latencies;
  const Meter meter;
  const auto end = Steady::now() + std::chrono::duration<double>(plan.seconds);
  for (auto start = Steady::now(); start < end;) {
    static_cast<void>(checked(builder.managed(import)));
    const auto now = Steady::now();
    latencies.add(now - start);
    start = now;
  }
  Figures figures;
  meter.add_to(figures, latencies.size());
  latencies.add_to(figures);
  figures["each_us"] = plan.seconds * 1e6 / static_cast<double>(latencies.size());
  return figures;
}

/// Leaves malloc with so much memory that the system has handed out already, for all threads: a
/// program that has run for a while has it from what it has forgotten since.
void use_heap(std::size_t bytes) {
  mallopt(M_ARENA_MAX, 1);
  mallopt(M_TRIM_THRESHOLD, -1);
  std::vector<std::vector<char>> blocks;
  constexpr std::size_t kBlock = 64 * 1024;
  while (blocks.size() * kBlock < bytes) blocks.emplace_back(kBlock, 'x');
}

Figures dispatch_to_used_heap(const Settings& settings, const HostPlan& plan) {
  use_heap(static_cast<std::size_t>(settings.scaled(768)) * 1024 * 1024);  // more than it needs
  return dispatch_all(settings, plan, 1);
}

/// Nothing is sent and nothing forgotten, so the store grows all the time. With a heap that is new,
/// more than half of the time is the kernel's, which clears each page before it hands it out.
Scenario dispatch_memory(const Settings& settings) {
  HostPlan accepting = plan_for(settings, Store::memory, false);
  accepting.seconds /= 4;
  Scenario scenario;
  scenario.what = "dispatch(), memory store, one caller, a heap that was used before";
  scenario.sides = {{"hookline", [=] { return dispatch_to_used_heap(settings, accepting); }},
                    {"building", [=] { return run_building(settings); }},
                    dispatch_side("new_heap", settings, accepting),
                    dispatch_side("delivering", settings, plan_for(settings, Store::memory, true))};
  scenario.targets = {{"time", "hookline", "each_us", "building", "each_us", false, 3}};
  return scenario;
}

}  // namespace

std::vector<Entry> dispatch_entries() {
  return {{"dispatch-one", &dispatch_one},
          {"dispatch-64", &dispatch_64},
          {"dispatch-memory", &dispatch_memory}};
}

}  // namespace hookline::bench
