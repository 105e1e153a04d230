#include "harness/meter.hpp"

#include <algorithm>
#include <fstream>

namespace hookline::bench {
namespace {

double microseconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec);
}

rusage usage_so_far() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return usage;
}

}  // namespace

double microseconds(Steady::duration time) {
  return std::chrono::duration<double, std::micro>(time).count();
}

double seconds(Steady::duration time) { return std::chrono::duration<double>(time).count(); }

double memory_mib(const std::string& field) {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word != field + ':') continue;
    double kib = 0;
    status >> kib;
    return kib / 1024;
  }
  return 0;
}

Meter::Meter() : start_(Steady::now()), usage_(usage_so_far()), counts_(counts_so_far()) {
  std::ofstream("/proc/self/clear_refs") << '5';  // proc(5): the peak begins anew
}

void Meter::add_to(Figures& figures, std::uint64_t deliveries) const {
  const double time = seconds(Steady::now() - start_);
  const rusage usage = usage_so_far();
  const Counts counts = counts_so_far();
  const auto each = static_cast<double>(std::max<std::uint64_t>(deliveries, 1));
  const double user = microseconds(usage.ru_utime) - microseconds(usage_.ru_utime);
  const double system = microseconds(usage.ru_stime) - microseconds(usage_.ru_stime);
  figures["deliveries"] = static_cast<double>(deliveries);
  figures["per_second"] = static_cast<double>(deliveries) / time;
  figures["cpu_us"] = (user + system) / each;
  figures["user_us"] = user / each;
  figures["system_us"] = system / each;
  figures["allocations"] = static_cast<double>(counts.allocations - counts_.allocations) / each;
  figures["commits"] = static_cast<double>(counts.commits - counts_.commits) / each * 1000;
  figures["syncs"] = static_cast<double>(counts.syncs - counts_.syncs) / each * 1000;
  if (counts.syscalls > 0) {
    figures["syscalls"] = static_cast<double>(counts.syscalls - counts_.syscalls) / each;
  }
  figures["context_switches"] =
      static_cast<double>(usage.ru_nvcsw - usage_.ru_nvcsw + usage.ru_nivcsw - usage_.ru_nivcsw) /
      each;
  figures["peak_mib"] = memory_mib("VmHWM");
}

void Latencies::add(const Latencies& others) {
  times_.insert(times_.end(), others.times_.begin(), others.times_.end());
}

void Latencies::add_to(Figures& figures, const std::string& prefix) const {
  if (times_.empty()) return;
  std::vector<Steady::duration> sorted = times_;
  std::sort(sorted.begin(), sorted.end());
  const auto at = [&](double part) {
    const auto last = static_cast<double>(sorted.size() - 1);
    return microseconds(sorted[static_cast<std::size_t>(part * last)]);
  };
  figures[prefix + "p50_us"] = at(0.5);
  figures[prefix + "p99_us"] = at(0.99);
  figures[prefix + "max_us"] = at(1.0);
}

}  // namespace hookline::bench
