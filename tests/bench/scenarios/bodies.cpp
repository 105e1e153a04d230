// Headless documents on their way into a body.

#include "scenarios/documents.hpp"
#include "scenarios/host.hpp"

namespace hookline::bench {
namespace {

template <class Work>
Figures repeat(const Settings& settings, Work work) {
  Latencies latencies;
  work();
  const Meter meter;
  for (const auto end = Steady::now() + std::chrono::duration<double>(settings.run_seconds);
       Steady::now() < end;) {
    const auto start = Steady::now();
    work();
    latencies.add(Steady::now() - start);
  }
  Figures figures;
  meter.add_to(figures, latencies.size());
  latencies.add_to(figures);
  return figures;
}

Scenario filtering(const Settings& settings) {
  const auto document = std::make_shared<const std::string>(large_document());
  const auto import = std::make_shared<const Import>(headless_import(*document));
  Scenario scenario;
  scenario.what = "filtering a headless document of 1 MiB";
  scenario.sides = {{"hookline",
                     [=] {
                       const PayloadBuilder builder;
                       return repeat(settings, [&] { checked(builder.managed(*import)); });
                     }},
                    {"rapidjson", [=] {
                       return repeat(settings, [&] { static_cast<void>(copied(*document)); });
                     }}};
  scenario.targets = {{"time", "hookline", "p50_us", "rapidjson", "p50_us", false, 1.5}};
  return scenario;
}

}  // namespace

std::vector<Entry> body_entries() { return {{"filtering", &filtering}}; }

}  // namespace hookline::bench
