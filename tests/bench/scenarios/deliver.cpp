// From `dispatch` to the recorded outcome, against what only sends.

#include <stdexcept>

#include "scenarios/host.hpp"

namespace hookline::bench {
namespace {

HostPlan plan_for(const Settings& settings, HostPlan::Store store) {
  HostPlan plan;
  plan.store = store;
  plan.url = settings.http + "/hooks";
  plan.seconds = settings.run_seconds;
  return plan;
}

Side sketch_side(const HostPlan& plan, const std::string& folder) {
  return {"sketch", [=] { return run_sketch(bare_plan(plan), import_of(plan), folder); }};
}

Target rate_at_least(double bound, const std::string& against = "bare") {
  return {"events/s", "hookline", "per_second", against, "per_second", true, bound};
}

Scenario deliver_memory(const Settings& settings) {
  const HostPlan plan = plan_for(settings, HostPlan::Store::memory);
  Scenario scenario;
  scenario.counts_syscalls = !settings.quick;
  scenario.what = "deliver, memory store, 64 in flight";
  scenario.sides = {hookline_side(settings, plan),
                    bare_side(settings, plan),
                    sketch_side(plan, ""),
                    {"wire", [=] { return run_wire(bare_plan(plan), settings.folder); }}};
  scenario.targets = {rate_at_least(0.95)};
  return scenario;
}

Scenario deliver_sqlite(const Settings& settings) {
  const HostPlan plan = plan_for(settings, HostPlan::Store::sqlite);
  Scenario scenario;
  scenario.counts_syscalls = !settings.quick;
  scenario.what = "deliver, SQLite, synchronous=FULL, 64 in flight";
  scenario.sides = {hookline_side(settings, plan),
                    bare_side(settings, plan),
                    joined_side(settings, plan),
                    sketch_side(plan, settings.folder),
                    {"by_hand", [=] { return run_by_hand(bare_plan(plan), settings.folder); }},
                    {"sync", [=] { return run_sync(settings.folder, plan.seconds / 4); }}};
  scenario.targets = {rate_at_least(0.90),
                      {"CPU per delivery", "hookline", "cpu_us", "bare", "cpu_us", false, 2},
                      rate_at_least(10, "by_hand")};
  return scenario;
}

Figures run_fan_out(const Settings& settings, const HostPlan& plan) {
  Host host(settings, plan);
  Figures figures = host.measure();
  Database db(host.file());
  figures["bodies_per_event"] = static_cast<double>(db.value("SELECT count(*) FROM body")) /
                                static_cast<double>(db.value("SELECT count(*) FROM event"));
  return figures;
}

Scenario fan_out(const Settings& settings) {
  HostPlan plan = plan_for(settings, HostPlan::Store::sqlite);
  plan.webhooks = plan.fan_out = 100;
  plan.window = 400;
  plan.per_webhook = 8;
  Scenario scenario;
  scenario.counts_syscalls = !settings.quick;
  scenario.what = "1 event to 100 webhooks, SQLite";
  scenario.sides = {{"hookline", [=] { return run_fan_out(settings, plan); }},
                    bare_side(settings, plan),
                    joined_side(settings, plan)};
  Target deliveries = rate_at_least(0.90);
  deliveries.what = "deliveries/s";
  scenario.targets = {
      deliveries, {"bodies stored for an event", "hookline", "bodies_per_event", "", "", false, 1}};
  return scenario;
}

Scenario deliver_tls(const Settings& settings) {
  HostPlan plan = plan_for(settings, HostPlan::Store::sqlite);
  plan.url = settings.https + "/hooks";
  plan.transport.ca_file = settings.ca_file;
  Scenario scenario;
  scenario.counts_syscalls = !settings.quick;
  scenario.what = "deliver, TLS, one host, SQLite";
  scenario.sides = {hookline_side(settings, plan), bare_side(settings, plan),
                    joined_side(settings, plan)};
  scenario.targets = {rate_at_least(0.85)};
  return scenario;
}

}  // namespace

std::vector<Entry> deliver_entries() {
  return {{"deliver-memory", &deliver_memory},
          {"deliver-sqlite", &deliver_sqlite},
          {"fan-out", &fan_out},
          {"deliver-tls", &deliver_tls}};
}

}  // namespace hookline::bench
