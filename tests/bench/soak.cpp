// Runs for long under a mixed load, and says whether anything grows: `bench_soak [OPTION]…`;
// soak.sh starts it.

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <thread>

#include "harness/counters.hpp"
#include "scenarios/host.hpp"

using namespace hookline;
using namespace hookline::bench;

namespace {

struct SoakOptions {
  double minutes = 30;
  std::string json = "soak.json";
};

/// A port that takes connections and never answers.
std::string hanging_url() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const plain = reinterpret_cast<sockaddr*>(&address);
  if (::bind(socket, plain, size) != 0 || ::listen(socket, 64) != 0 ||
      ::getsockname(socket, plain, &size) != 0) {
    throw std::runtime_error("no port to hang on");
  }
  // Connections that were given up leave the queue, or it would fill up.
  std::thread([socket] {
    for (int client = 0; (client = ::accept(socket, nullptr, nullptr)) >= 0;) {
      std::thread([client] {
        char buffer[4096];
        while (::recv(client, buffer, sizeof buffer, 0) > 0) {
        }
        ::close(client);
      }).detach();
    }
  }).detach();
  return "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/";
}

void add_troubled(Host& host, const std::string& id, const std::string& url) {
  Webhook webhook;
  webhook.id = id;
  webhook.url = url;
  webhook.import_identifiers = {id};
  checked(host.registry().add(webhook));
}

/// Retention that is over within the run, so that what is stored and what is pruned come level.
void age(DispatcherOptions& options) {
  options.retention.delivered = std::chrono::seconds(20);
  options.retention.exhausted_and_discarded = std::chrono::seconds(20);
  options.retry_schedule = {std::chrono::seconds(0), std::chrono::seconds(1),
                            std::chrono::seconds(2)};
  options.retry_jitter = 0.2;
}

double size_mib(const std::string& file) {
  std::error_code none;
  const auto size = std::filesystem::file_size(file, none);
  return none ? 0 : static_cast<double>(size) / 1048576;
}

double open_descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<double>(std::distance(begin(all), end(all)));
}

Figures sample(Host& host, double second, double rate) {
  Figures figures;
  figures["second"] = second;
  figures["per_second"] = rate;
  figures["rss_mib"] = memory_mib("VmRSS");
  figures["descriptors"] = open_descriptors();
  figures["file_mib"] = size_mib(host.file());
  figures["log_mib"] = size_mib(host.file() + "-wal");
  host.store().take_latencies().add_to(figures);
  return figures;
}

void write_json(const std::vector<Figures>& samples, const std::string& path) {
  std::ofstream out(path);
  out << "{\"samples\":[\n";
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const char* before = " {";
    for (const auto& [name, value] : samples[i]) {
      out << before << '"' << name << "\":" << value;
      before = ",";
    }
    out << (i + 1 < samples.size() ? "},\n" : "}\n");
  }
  out << "]}\n";
}

/// An import for whoever is to have trouble: one in a hundred fails, one in a thousand hangs.
Import next_import(const Host& host, std::uint64_t number) {
  Import import = host.import_for(number);
  if (number % 100 == 50) import.import_identifier = "fails";
  if (number % 1000 == 7) import.import_identifier = "hangs";
  return import;
}

/// About 2,000 events a second, well below what it could do: growth is to be seen, not speed.
void load(Host& host, std::uint64_t& number, std::chrono::seconds time) {
  constexpr int kTogether = 20;
  const auto end = Steady::now() + time;
  for (auto next = Steady::now(); next < end; next += std::chrono::milliseconds(10)) {
    std::this_thread::sleep_until(next);
    for (int i = 0; i < kTogether; ++i) {
      const Import import = next_import(host, ++number);
      host.dispatcher().dispatch_async(import, [](const auto&) {});
    }
  }
}

/// The middle of a third of the samples.
double median_of(const std::vector<Figures>& samples, std::size_t begin, std::size_t end,
                 const std::string& name) {
  std::vector<double> values;
  for (std::size_t i = begin; i < end; ++i) {
    const auto found = samples[i].find(name);
    if (found != samples[i].end()) values.push_back(found->second);
  }
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

/// Whether the last third is like the first, after a tenth of warm-up.
bool is_flat(const std::vector<Figures>& all) {
  const std::size_t begin = all.size() / 10;
  const std::size_t third = (all.size() - begin) / 3;
  struct Limit {
    const char* name;
    double factor;
    double slack;
  };
  bool flat = true;
  for (const Limit& limit :
       {Limit{"rss_mib", 1.1, 8}, Limit{"descriptors", 1.1, 20}, Limit{"file_mib", 1.1, 16},
        Limit{"log_mib", 1.5, 16}, Limit{"p50_us", 1.5, 1000}, Limit{"p99_us", 2.0, 100'000}}) {
    const double first = median_of(all, begin, begin + third, limit.name);
    const double last = median_of(all, all.size() - third, all.size(), limit.name);
    const bool grows = last > first * limit.factor + limit.slack;
    std::printf("%-12s first third %10.1f   last third %10.1f   %s\n", limit.name, first, last,
                grows ? "GROWS" : "flat");
    flat = flat && !grows;
  }
  return flat;
}

bool soak(const Settings& settings, const SoakOptions& options) {
  HostPlan plan;
  plan.url = settings.http + "/hooks";
  plan.webhooks = 50;
  plan.per_webhook = 8;
  plan.timeout = std::chrono::seconds(2);
  plan.may_fail = true;
  plan.adjust = &age;
  Host host(settings, plan);
  add_troubled(host, "fails", settings.http + "/fail");
  add_troubled(host, "hangs", hanging_url());
  const auto start = Steady::now();
  std::vector<Figures> samples;
  std::uint64_t number = 0;
  constexpr std::chrono::seconds kEvery{5};
  while (Steady::now() - start < std::chrono::duration<double, std::ratio<60>>(options.minutes)) {
    const std::uint64_t before = host.store().recorded();
    load(host, number, kEvery);
    const auto done = static_cast<double>(host.store().recorded() - before);
    samples.push_back(sample(host, seconds(Steady::now() - start), done / kEvery.count()));
    write_json(samples, options.json);
    const Figures& last = samples.back();
    std::printf("%6.0f s  %6.0f/s  %6.1f MiB  %4.0f descriptors  file %6.1f + %5.1f MiB\n",
                last.at("second"), last.at("per_second"), last.at("rss_mib"),
                last.at("descriptors"), last.at("file_mib"), last.at("log_mib"));
    std::fflush(stdout);
  }
  host.dispatcher().shutdown(std::chrono::seconds(5));
  if (host.store().recorded() == 0) throw std::runtime_error("nothing was delivered");
  return is_flat(samples);
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  SoakOptions options;
  CLI::App app("Runs hookline for long under a mixed load");
  app.add_option("--minutes", options.minutes)->capture_default_str();
  app.add_option("--http", settings.http, "the server");
  app.add_option("--folder", settings.folder, "for the store");
  app.add_option("--json", options.json, "where the samples go")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  try {
    return soak(settings, options) ? 0 : 1;
  } catch (const std::exception& error) {
    std::cerr << "soak: " << error.what() << '\n';
    return 1;
  }
}
