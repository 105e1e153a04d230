#include "harness/rounds.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <exception>
#include <iomanip>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace hookline::bench {
namespace {

using Round = std::map<std::string, Figures>;  // by side

Spread spread_of(std::vector<double> values) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  const double median =
      values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
  return {median, values.front(), values.back()};
}

double figure(const Round& round, const std::string& side, const std::string& name) {
  const auto found = round.at(side).find(name);
  if (found != round.at(side).end()) return found->second;
  throw std::runtime_error(side + " has not measured " + name);
}

TargetResult judge(const Target& target, const std::vector<Round>& rounds) {
  TargetResult result;
  result.target = target;
  std::vector<double> ours;
  std::vector<double> theirs;
  std::vector<double> ratios;
  for (const Round& round : rounds) {
    ours.push_back(figure(round, target.side, target.figure));
    theirs.push_back(target.against.empty() ? 1
                                            : figure(round, target.against, target.against_figure));
    ratios.push_back(ours.back() / theirs.back());
  }
  result.ours = spread_of(ours).median;
  result.theirs = spread_of(theirs).median;
  result.ratio = spread_of(ratios);
  result.met =
      target.at_least ? result.ratio.median >= target.bound : result.ratio.median <= target.bound;
  return result;
}

SideResult summed_up(const std::string& side, const std::vector<Round>& rounds) {
  std::map<std::string, std::vector<double>> values;
  for (const Round& round : rounds) {
    for (const auto& [name, value] : round.at(side)) values[name].push_back(value);
  }
  SideResult result;
  result.name = side;
  for (auto& [name, each] : values) result.figures[name] = spread_of(std::move(each));
  return result;
}

std::string read_all(int file) {
  std::string text;
  char buffer[4096];
  for (ssize_t count = 0; (count = ::read(file, buffer, sizeof buffer)) > 0;) {
    text.append(buffer, static_cast<std::size_t>(count));
  }
  return text;
}

[[noreturn]] void run_in_child(const std::function<Figures()>& run, int result) {
  int code = 1;
  try {
    std::ostringstream text;
    text << std::setprecision(12);
    for (const auto& [name, value] : run()) text << name << ' ' << value << '\n';
    const std::string bytes = text.str();
    if (::write(result, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size())) code = 0;
  } catch (const std::exception& error) {
    std::cerr << "bench: " << error.what() << std::endl;
  }
  ::_exit(code);
}

/// REQUIRES: the scenario is isolated.
void add_syscalls(const Scenario& scenario, ScenarioResult& result) {
  for (std::size_t i = 0; i < scenario.sides.size(); ++i) {
    const Figures figures = run_isolated([&] {
      count_syscalls();
      return scenario.sides[i].run();
    });
    const auto counted = figures.find("syscalls");
    if (counted == figures.end()) continue;
    result.sides[i].figures["syscalls"] = {counted->second, counted->second, counted->second};
  }
}

}  // namespace

Figures run_isolated(const std::function<Figures()>& run) {
  int ends[2];
  if (::pipe(ends) != 0) throw std::runtime_error("no pipe");
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error("no process");
  if (child == 0) {
    ::close(ends[0]);
    run_in_child(run, ends[1]);
  }
  ::close(ends[1]);
  std::istringstream text(read_all(ends[0]));
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (status != 0) throw std::runtime_error("a run has failed");
  Figures figures;
  std::string name;
  for (double value = 0; text >> name >> value;) figures[name] = value;
  return figures;
}

ScenarioResult play(const Scenario& scenario, int rounds) {
  std::vector<Round> done;
  for (int i = 0; i < rounds; ++i) {
    Round round;
    for (const Side& side : scenario.sides) {
      round[side.name] = scenario.isolated ? run_isolated(side.run) : side.run();
    }
    done.push_back(std::move(round));
  }
  ScenarioResult result{scenario.name, scenario.what, scenario.curve, scenario.x, rounds, {}, {}};
  for (const Side& side : scenario.sides) result.sides.push_back(summed_up(side.name, done));
  for (const Target& target : scenario.targets) result.targets.push_back(judge(target, done));
  if (scenario.counts_syscalls && scenario.isolated) add_syscalls(scenario, result);
  return result;
}

}  // namespace hookline::bench
