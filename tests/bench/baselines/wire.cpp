#include <cstdio>
#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>

#include "baselines/baselines.hpp"
#include "harness/database.hpp"

namespace hookline::bench {
namespace {

void write_script(const BarePlan& plan, const std::string& path) {
  std::ofstream script(path);
  script << "wrk.method = \"POST\"\nwrk.body = [[" << plan.body << "]]\n";
  for (const std::string& header : signed_headers()) {
    const std::size_t colon = header.find(':');
    if (colon + 1 == header.size()) continue;
    script << "wrk.headers[\"" << header.substr(0, colon) << "\"] = \"" << header.substr(colon + 2)
           << "\"\n";
  }
  script << "done = function(summary)\n"
            "  local bad = summary.errors.status + summary.errors.read + summary.errors.timeout\n"
            "  io.write(string.format(\"FIGURES %f %f\\n\",\n"
            "      summary.requests / summary.duration * 1e6, bad))\nend\n";
}

std::string output_of(const std::string& command) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), &::pclose);
  if (!pipe) throw std::runtime_error("wire: wrk cannot be started");
  std::string text;
  char buffer[4096];
  while (const std::size_t count = std::fread(buffer, 1, sizeof buffer, pipe.get())) {
    text.append(buffer, count);
  }
  return text;
}

}  // namespace

Figures run_wire(const BarePlan& plan, const std::string& folder) {
  const TemporaryFile script(folder);
  write_script(plan, script.path());
  // wrk counts whole seconds.
  const int time = plan.seconds < 1 ? 1 : static_cast<int>(plan.seconds + 0.5);
  const std::string text =
      output_of("wrk -t1 -c" + std::to_string(plan.in_flight) + " -d" + std::to_string(time) +
                "s -s '" + script.path() + "' " + plan.url);
  const std::size_t at = text.find("FIGURES ");
  double per_second = 0;
  double bad = 0;
  if (at == std::string::npos || !(std::istringstream(text.substr(at + 8)) >> per_second >> bad) ||
      bad > 0) {
    throw std::runtime_error("wire: wrk says: " + text);
  }
  return {{"per_second", per_second}};
}

}  // namespace hookline::bench
