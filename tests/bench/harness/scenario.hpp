#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "harness/meter.hpp"

namespace hookline::bench {

/// How the program was called, and where its server is.
struct Settings {
  int rounds = 5;
  double run_seconds = 1.5;  ///< of one run of one side
  bool quick = false;        ///< a smoke test: everything runs, and no figure means anything
  std::string http = "http://127.0.0.1:18080";
  std::string https = "https://127.0.0.1:18443";
  std::string ca_file;  ///< that has signed the certificate of the server
  std::string folder;   ///< for stores, on the disk that is to be measured

  /// This many, or a few in a smoke test.
  [[nodiscard]] int scaled(int count) const { return quick ? std::max(count / 100, 1) : count; }
  [[nodiscard]] double scaled_seconds(double time) const { return quick ? 0.15 : time; }
};

/// One of the things that a scenario runs in turn.
struct Side {
  std::string name;  ///< `hookline`, `bare`, …
  std::function<Figures()> run;
};

/// What is asked of a figure: its ratio to a figure of another side, or the figure itself where
/// `against` is empty.
struct Target {
  std::string what;
  std::string side;
  std::string figure;
  std::string against;
  std::string against_figure;
  bool at_least = true;
  double bound = 0;
};

struct Scenario {
  std::string name;
  std::string what;
  std::vector<Side> sides;
  std::vector<Target> targets;
  /// Every run in a process of its own: no memory, thread or cache of the run before is left.
  bool isolated = true;
  int rounds = 0;  ///< 0: as in the settings
  /// One more round, in which system calls are counted; it goes into no other figure.
  bool counts_syscalls = false;
  /// A scenario that is a point of a curve has its name and its place on it.
  std::string curve;
  double x = 0;
};

/// Makes a scenario when its turn comes: what it prepares is only there while it runs.
struct Entry {
  std::string name;
  std::function<Scenario(const Settings&)> make;
};

// One for each file of `scenarios/`.
std::vector<Entry> deliver_entries();
std::vector<Entry> dispatch_entries();
std::vector<Entry> matching_entries();
std::vector<Entry> body_entries();
std::vector<Entry> backlog_entries();
std::vector<Entry> fairness_entries();
std::vector<Entry> idle_entries();
std::vector<Entry> part_entries();
std::vector<Entry> curve_entries(const Settings& settings);

}  // namespace hookline::bench
