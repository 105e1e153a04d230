// A process with little to do, or nothing.

#include <arpa/inet.h>
#include <curl/curl.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <thread>

#include "scenarios/host.hpp"

namespace hookline::bench {
namespace {

/// A server for one connection after the other that knows when a request was there.
class Clockwork {
 public:
  Clockwork() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const plain = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_, plain, size) != 0 || ::listen(listener_, 8) != 0 ||
        ::getsockname(listener_, plain, &size) != 0) {
      throw std::runtime_error("no port for a server");
    }
    url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/";
    thread_ = std::thread([this] { serve(); });
  }
  Clockwork(const Clockwork&) = delete;
  Clockwork& operator=(const Clockwork&) = delete;
  ~Clockwork() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }

  [[nodiscard]] const std::string& url() const { return url_; }

  /// When request number `count`, counted from 1, was there.
  [[nodiscard]] Steady::time_point arrival(std::uint64_t count) const {
    const auto give_up = Steady::now() + std::chrono::seconds(10);
    while (arrived_ < count) {
      if (Steady::now() > give_up) throw std::runtime_error("a request has not arrived");
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
    return Steady::time_point(Steady::duration(last_));
  }

 private:
  void serve() {
    for (int client = 0; (client = ::accept(listener_, nullptr, nullptr)) >= 0;) {
      answer(client);
      ::close(client);
    }
  }

  /// A request is whole when its body ends with the brace that closes it.
  void answer(int client) {
    static constexpr char kAnswer[] = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    std::string text;
    char buffer[8192];
    for (ssize_t count = 0; (count = ::recv(client, buffer, sizeof buffer, 0)) > 0;) {
      text.append(buffer, static_cast<std::size_t>(count));
      if (text.size() < 2 || text.compare(text.size() - 2, 2, "}}") != 0) continue;
      text.clear();
      last_ = Steady::now().time_since_epoch().count();
      ++arrived_;
      if (::send(client, kAnswer, sizeof kAnswer - 1, MSG_NOSIGNAL) < 0) return;
    }
  }

  int listener_;
  std::string url_;
  std::thread thread_;
  std::atomic<Steady::rep> last_{0};
  std::atomic<std::uint64_t> arrived_{0};
};

constexpr std::chrono::milliseconds kRest{5};

/// So many pages go to SQLite's log for one dispatch: rows and indexes of an event, a body, a
/// delivery, and counts.
constexpr std::size_t kPagesOfCommit = 13;

/// `send` something now and then, and how long it takes to get there.
template <class Send>
Figures time_events(const Settings& settings, const Clockwork& server, Send send) {
  send();
  static_cast<void>(server.arrival(1));
  Latencies latencies;
  const int events = settings.quick ? 10 : 200;
  for (int i = 0; i < events; ++i) {
    std::this_thread::sleep_for(kRest);
    const auto start = Steady::now();
    send();
    latencies.add(server.arrival(static_cast<std::uint64_t>(i) + 2) - start);
  }
  Figures figures;
  latencies.add_to(figures);
  return figures;
}

Figures time_hookline(const Settings& settings, HostPlan::Store store) {
  const Clockwork server;
  HostPlan plan;
  plan.store = store;
  plan.url = server.url();
  Host host(settings, plan);
  Figures figures = time_events(settings, server, [&] { host.dispatch(host.import_for(0)); });
  host.dispatcher().shutdown(std::chrono::seconds(5));
  return figures;
}

/// A sync of so many bytes and a request on a connection that stands.
Figures time_bare(const Settings& settings, std::size_t bytes) {
  const Clockwork server;
  const TemporaryFile temporary(settings.folder);
  const int file =
      ::open(temporary.path().c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
  const std::string block(bytes, 'x');
  const std::string body = body_of(700);
  curl_slist* headers = nullptr;
  for (const std::string& each : signed_headers())
    headers = curl_slist_append(headers, each.c_str());
  CURL* const easy = curl_easy_init();
  curl_easy_setopt(easy, CURLOPT_URL, server.url().c_str());
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &ignore_answer);
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.c_str());
  Figures figures = time_events(settings, server, [&] {
    if (::write(file, block.data(), block.size()) < 0 || ::fdatasync(file) != 0 ||
        curl_easy_perform(easy) != CURLE_OK) {
      throw std::runtime_error("idle: the baseline has failed");
    }
  });
  curl_easy_cleanup(easy);
  curl_slist_free_all(headers);
  ::close(file);
  return figures;
}

Scenario one_event(const Settings& settings) {
  Scenario scenario;
  scenario.what = "idle system, one event: dispatch() called to request at the server, SQLite";
  scenario.sides = {{"hookline", [=] { return time_hookline(settings, HostPlan::Store::sqlite); }},
                    {"sync+bare", [=] { return time_bare(settings, 1024); }},
                    {"pages+bare", [=] { return time_bare(settings, kPagesOfCommit * 4096); }},
                    {"memory", [=] { return time_hookline(settings, HostPlan::Store::memory); }}};
  scenario.targets = {{"p50", "hookline", "p50_us", "sync+bare", "p50_us", false, 1.3}};
  return scenario;
}

// --- Nothing to do -------------------------------------------------------------------------------

struct Wakes {
  double voluntary = 0;
  double cpu_us = 0;
};

/// Of all threads but the one that asks.
Wakes wakes_so_far() {
  Wakes wakes;
  const std::string own = std::to_string(::gettid());
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    if (task.path().filename() == own) continue;
    std::ifstream status(task.path() / "status");
    for (std::string word; status >> word;) {
      double count = 0;
      if (word == "voluntary_ctxt_switches:" && status >> count) wakes.voluntary += count;
    }
    double run_ns = 0;
    if (std::ifstream(task.path() / "schedstat") >> run_ns) wakes.cpu_us += run_ns / 1000;
  }
  return wakes;
}

Figures run_idle(const Settings& settings) {
  HostPlan plan;
  plan.url = settings.http + "/hooks";
  plan.webhooks = 100;
  Host host(settings, plan);
  host.work(std::chrono::milliseconds(200));
  host.store().wait_for(host.dispatched);
  // Until the last of it is done: for two seconds the watch of the file looks around.
  std::this_thread::sleep_for(std::chrono::seconds(settings.quick ? 3 : 10));
  const Wakes before = wakes_so_far();
  std::this_thread::sleep_for(std::chrono::seconds(settings.quick ? 5 : 60));
  const Wakes after = wakes_so_far();
  Figures figures;
  figures["wakes"] = after.voluntary - before.voluntary;
  figures["cpu_us"] = after.cpu_us - before.cpu_us;
  return figures;
}

Scenario idle_minute(const Settings& settings) {
  Scenario scenario;
  scenario.what = "an idle minute, one process on the file";
  scenario.rounds = 1;
  scenario.sides = {{"hookline", [=] { return run_idle(settings); }}};
  scenario.targets = {{"wake-ups of any thread", "hookline", "wakes", "", "", false, 0},
                      {"µs of CPU", "hookline", "cpu_us", "", "", false, 0}};
  return scenario;
}

}  // namespace

std::vector<Entry> idle_entries() {
  return {{"idle-event", &one_event}, {"idle-minute", &idle_minute}};
}

}  // namespace hookline::bench
