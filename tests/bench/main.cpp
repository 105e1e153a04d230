// Measures hookline against its baselines: `bench [OPTION]... [SCENARIO]...`; run.sh starts it.

#include <malloc.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <exception>
#include <fstream>
#include <iostream>

#include "harness/counters.hpp"
#include "report.hpp"

using namespace hookline::bench;

namespace {

std::vector<Entry> all_entries(const Settings& settings) {
  std::vector<Entry> all;
  for (auto&& part : {deliver_entries(), dispatch_entries(), matching_entries(), body_entries(),
                      backlog_entries(), fairness_entries(), idle_entries(), part_entries(),
                      curve_entries(settings)}) {
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

/// `curves` stands for every point of every curve.
bool is_wanted(const std::string& name, const std::vector<std::string>& wanted) {
  if (wanted.empty()) return true;
  return std::any_of(wanted.begin(), wanted.end(), [&](const std::string& each) {
    return name == each || name.substr(0, name.find('@')) == each;
  });
}

/// For a profiler: one side alone, in this process, with nothing to be compared with.
void leave_only(Scenario& scenario, const std::string& side) {
  const auto others = [&](const Side& each) { return each.name != side; };
  scenario.sides.erase(std::remove_if(scenario.sides.begin(), scenario.sides.end(), others),
                       scenario.sides.end());
  scenario.targets.clear();
  scenario.isolated = false;
}

ScenarioResult run(const Entry& entry, const Settings& settings, const std::string& side) {
  Scenario scenario = entry.make(settings);
  scenario.name = entry.name;
  if (!side.empty()) leave_only(scenario, side);
  const int rounds =
      scenario.rounds > 0 ? std::min(scenario.rounds, settings.rounds) : settings.rounds;
  ScenarioResult result = play(scenario, rounds);
  print_targets(std::cout, result);
  print_figures(std::cout, result);
  std::cout.flush();
  return result;
}

void summarise(const std::vector<ScenarioResult>& results) {
  std::cout << "\n";
  print_header(std::cout);
  for (const ScenarioResult& result : results) print_targets(std::cout, result);
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  std::string json = "results.json";
  std::vector<std::string> wanted;
  std::string side;
  bool list = false;
  CLI::App app("Measures hookline against its baselines");
  app.add_option("--rounds", settings.rounds, "of each scenario")->capture_default_str();
  app.add_option("--seconds", settings.run_seconds, "of one run")->capture_default_str();
  app.add_flag("--quick", settings.quick, "a smoke test: its figures mean nothing");
  app.add_option("--http", settings.http, "the server");
  app.add_option("--https", settings.https, "the server with TLS");
  app.add_option("--ca-file", settings.ca_file, "that vouches for the server");
  app.add_option("--folder", settings.folder, "for stores");
  app.add_option("--json", json, "where the results go")->capture_default_str();
  app.add_option("--side", side, "runs this side of each scenario alone, for a profiler");
  app.add_flag("--list", list, "names the scenarios");
  app.add_option("SCENARIO", wanted, "only these");
  CLI11_PARSE(app, argc, argv);
  if (settings.quick) {
    settings.rounds = 1;
    settings.run_seconds = 0.15;
  }
  count_commits();
  try {
    std::vector<ScenarioResult> results;
    for (const Entry& entry : all_entries(settings)) {
      if (list) std::cout << entry.name << '\n';
      if (list || !is_wanted(entry.name, wanted)) continue;
      results.push_back(run(entry, settings, side));
      ::malloc_trim(0);  // what a child inherits counts as its own memory
    }
    if (list) return 0;
    if (results.empty()) throw std::runtime_error("there is no such scenario: see --list");
    summarise(results);
    std::ofstream(json) << to_json(results, settings) << '\n';
  } catch (const std::exception& error) {
    std::cerr << "bench: " << error.what() << '\n';
    return 1;
  }
  return 0;
}
