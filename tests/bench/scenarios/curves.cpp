// How things grow. Each point of a curve is a scenario without targets.

#include "scenarios/backlog.hpp"

namespace hookline::bench {
namespace {

constexpr int kRounds = 3;

Scenario point(const std::string& curve, std::size_t x, std::vector<Side> sides) {
  Scenario scenario;
  scenario.what = curve;
  scenario.curve = curve;
  scenario.x = static_cast<double>(x);
  scenario.rounds = kRounds;
  scenario.sides = std::move(sides);
  return scenario;
}

HostPlan plan_for(const Settings& settings) {
  HostPlan plan;
  plan.url = settings.http + "/hooks";
  plan.seconds = settings.scaled_seconds(0.8);
  return plan;
}

Scenario webhooks(const Settings& settings, std::size_t count) {
  HostPlan plan = plan_for(settings);
  plan.webhooks = count;
  return point("webhooks", count, {hookline_side(settings, plan)});
}

Scenario in_flight(const Settings& settings, std::size_t count) {
  HostPlan plan = plan_for(settings);
  plan.in_flight = plan.per_webhook = count;
  return point("in-flight", count, {hookline_side(settings, plan), bare_side(settings, plan)});
}

Scenario body(const Settings& settings, std::size_t bytes) {
  HostPlan plan = plan_for(settings);
  plan.body = bytes;
  return point("body", bytes, {hookline_side(settings, plan), bare_side(settings, plan)});
}

Scenario backlog(const Settings& settings, std::size_t size) {
  const std::string file = backlog_file(settings, size);
  return point("backlog", size, {{"hookline", [=] {
                                    Figures figures = on_a_copy(settings, file, &claim_from);
                                    const Figures restarted =
                                        on_a_copy(settings, file, [&](const std::string& copy) {
                                          return restart_on(settings, copy);
                                        });
                                    figures["first_us"] = restarted.at("first_us");
                                    return figures;
                                  }}});
}

using Point = Scenario (*)(const Settings&, std::size_t);

void add(std::vector<Entry>& entries, const std::string& curve, Point make,
         const std::vector<std::size_t>& places) {
  for (const std::size_t x : places) {
    entries.push_back({"curves@" + curve + "@" + std::to_string(x),
                       [=](const Settings& settings) { return make(settings, x); }});
  }
}

}  // namespace

std::vector<Entry> curve_entries(const Settings& settings) {
  std::vector<Entry> entries;
  if (settings.quick) {
    add(entries, "webhooks", &webhooks, {1, 100});
    add(entries, "in-flight", &in_flight, {1, 64});
    add(entries, "body", &body, {300, 10'000});
    add(entries, "backlog", &backlog, {1'000, 10'000});
    return entries;
  }
  add(entries, "webhooks", &webhooks, {1, 10, 100, 1'000, 10'000});
  add(entries, "in-flight", &in_flight, {1, 4, 16, 64, 256, 1'000});
  add(entries, "body", &body, {300, 3'000, 30'000, 300'000, 1'048'576});
  add(entries, "backlog", &backlog, {1'000, 10'000, 100'000, 1'000'000});
  return entries;
}

}  // namespace hookline::bench
