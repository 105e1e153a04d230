#include "report.hpp"

#include <fmt/format.h>
#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>
#include <fstream>
#include <ostream>

namespace hookline::bench {
namespace {

using Writer = rapidjson::PrettyWriter<rapidjson::StringBuffer>;

void put(Writer& json, const char* name, const std::string& text) {
  json.Key(name);
  json.String(text.c_str());
}

void put(Writer& json, const char* name, double value) {
  json.Key(name);
  json.Double(value);
}

void put(Writer& json, const char* name, bool value) {
  json.Key(name);
  json.Bool(value);
}

void put(Writer& json, const char* name, const Spread& spread) {
  json.Key(name);
  json.SetFormatOptions(rapidjson::kFormatSingleLineArray);
  json.StartArray();
  for (const double value : {spread.median, spread.least, spread.most}) json.Double(value);
  json.EndArray();
}

void put_machine(Writer& json, const Settings& settings) {
  utsname system{};
  ::uname(&system);
  double load[3] = {};
  static_cast<void>(::getloadavg(load, 3));
  char date[32] = {};
  const std::time_t now = std::time(nullptr);
  std::strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", std::gmtime(&now));
  put(json, "date", std::string(date));
  put(json, "system", std::string(system.sysname) + ' ' + system.release + ' ' + system.machine);
  put(json, "cores", static_cast<double>(::sysconf(_SC_NPROCESSORS_ONLN)));
  put(json, "load_at_end", load[0]);
  put(json, "quick", settings.quick);
}

void put_side(Writer& json, const SideResult& side) {
  json.StartObject();
  put(json, "name", side.name);
  json.Key("figures");
  json.StartObject();
  for (const auto& [name, spread] : side.figures) put(json, name.c_str(), spread);
  json.EndObject();
  json.EndObject();
}

void put_target(Writer& json, const TargetResult& result) {
  json.StartObject();
  put(json, "what", result.target.what);
  put(json, "side", result.target.side);
  put(json, "figure", result.target.figure);
  put(json, "against", result.target.against);
  put(json, "ours", result.ours);
  put(json, "theirs", result.theirs);
  put(json, "ratio", result.ratio);
  put(json, "at_least", result.target.at_least);
  put(json, "bound", result.target.bound);
  put(json, "met", result.met);
  json.EndObject();
}

void put_scenario(Writer& json, const ScenarioResult& result) {
  json.StartObject();
  put(json, "name", result.name);
  put(json, "what", result.what);
  if (!result.curve.empty()) {
    put(json, "curve", result.curve);
    put(json, "x", result.x);
  }
  put(json, "rounds", static_cast<double>(result.rounds));
  json.Key("sides");
  json.StartArray();
  for (const SideResult& side : result.sides) put_side(json, side);
  json.EndArray();
  json.Key("targets");
  json.StartArray();
  for (const TargetResult& target : result.targets) put_target(json, target);
  json.EndArray();
  json.EndObject();
}

std::string short_number(double value) {
  if (value >= 1000) return fmt::format("{:.0f}", value);
  return value >= 10 ? fmt::format("{:.1f}", value) : fmt::format("{:.2f}", value);
}

}  // namespace

std::string to_json(const std::vector<ScenarioResult>& results, const Settings& settings) {
  rapidjson::StringBuffer buffer;
  Writer json(buffer);
  json.SetIndent(' ', 1);
  json.SetMaxDecimalPlaces(3);
  json.StartObject();
  put_machine(json, settings);
  json.Key("scenarios");
  json.StartArray();
  for (const ScenarioResult& result : results) put_scenario(json, result);
  json.EndArray();
  json.EndObject();
  return buffer.GetString();
}

void print_header(std::ostream& out) {
  out << fmt::format("{:<18} {:<26} {:>10} {:>10} {:<8} {:>7} {:<15} {:>8}  {}\n", "scenario",
                     "figure", "hookline", "baseline", "", "ratio", "(spread)", "target", "met");
}

void print_targets(std::ostream& out, const ScenarioResult& result) {
  for (const TargetResult& each : result.targets) {
    const Target& target = each.target;
    out << fmt::format("{:<18} {:<26} {:>10} {:>10} {:<8} {:>7.3f} {:<15} {:>2} {:<5}  {}\n",
                       result.name, target.what, short_number(each.ours),
                       target.against.empty() ? "" : short_number(each.theirs), target.against,
                       each.ratio.median,
                       fmt::format("({:.2f}-{:.2f})", each.ratio.least, each.ratio.most),
                       target.at_least ? ">=" : "<=", target.bound, each.met ? "yes" : "NO");
  }
}

void print_figures(std::ostream& out, const ScenarioResult& result) {
  for (const SideResult& side : result.sides) {
    out << fmt::format("  {:<16} {:<12}", result.name, side.name);
    for (const char* name :
         {"per_second", "cpu_us", "user_us", "system_us", "p50_us", "p99_us", "max_us",
          "allocations", "syscalls", "context_switches", "commits", "syncs", "peak_mib"}) {
      const auto found = side.figures.find(name);
      if (found == side.figures.end()) continue;
      out << fmt::format(" {}={}", name, short_number(found->second.median));
    }
    out << '\n';
  }
}

}  // namespace hookline::bench
