// Receivers that hang, and many of them.

#include <arpa/inet.h>
#include <curl/curl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <sstream>
#include <stdexcept>

#include "scenarios/host.hpp"

namespace hookline::bench {
namespace {

constexpr std::size_t kWebhooks = 100;
constexpr std::size_t kHang = 10;

/// Takes connections (the system does, into the queue of the socket) and never answers.
class Silence {
 public:
  Silence() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const plain = reinterpret_cast<sockaddr*>(&address);
    if (::bind(socket_, plain, size) != 0 || ::listen(socket_, 4096) != 0 ||
        ::getsockname(socket_, plain, &size) != 0) {
      throw std::runtime_error("no port to be silent on");
    }
    url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/";
  }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;
  ~Silence() { ::close(socket_); }
  [[nodiscard]] const std::string& url() const { return url_; }

 private:
  int socket_;
  std::string url_;
};

/// A webhook that wants what the others do not, with something to deliver all the time.
void add_waiting(Host& host, const std::string& url, std::size_t number) {
  Webhook webhook;
  webhook.id = "beside-" + std::to_string(number);
  webhook.url = url;
  webhook.import_identifiers = {webhook.id};
  checked(host.registry().add(webhook));
  Import import = host.import_for(0);
  import.import_identifier = webhook.id;
  for (int i = 0; i < 50; ++i) host.dispatch(import);
}

/// What 90 webhooks get done beside ten that hang, or that answer.
Figures run_beside(const Settings& settings, bool hang) {
  const Silence silence;
  HostPlan plan;
  plan.store = HostPlan::Store::memory;
  plan.url = settings.http + "/hooks";
  plan.webhooks = kWebhooks - kHang;
  plan.in_flight = 256;
  plan.per_webhook = 8;
  plan.seconds = settings.scaled_seconds(2.5);
  plan.timeout = std::chrono::seconds(1);
  plan.may_fail = hang;
  Host host(settings, plan);
  for (std::size_t i = 0; i < kHang; ++i) {
    add_waiting(host, hang ? silence.url() : plan.url, i);
  }
  if (!hang) host.store().wait_for(kHang * 50);
  host.dispatched = host.store().recorded();  // what hangs is not waited for
  return host.measure();
}

Scenario hanging(const Settings& settings) {
  Scenario scenario;
  scenario.what = "100 webhooks, 10 hang until the time limit, 256 in flight, memory store";
  scenario.sides = {{"hookline", [=] { return run_beside(settings, true); }},
                    {"none_hang", [=] { return run_beside(settings, false); }}};
  scenario.targets = {
      {"rate of the other 90", "hookline", "per_second", "none_hang", "per_second", true, 0.95}};
  return scenario;
}

// --- Many hosts ----------------------------------------------------------------------------------

std::size_t append(char* bytes, std::size_t size, std::size_t count, void* text) {
  static_cast<std::string*>(text)->append(bytes, size * count);
  return size * count;
}

struct ServerCounts {
  double connections = 0;
  double requests = 0;
};

/// What nginx says of itself; asking is a connection and a request.
ServerCounts ask_server(const Settings& settings) {
  std::string text;
  CURL* const easy = curl_easy_init();
  curl_easy_setopt(easy, CURLOPT_URL, (settings.http + "/status").c_str());
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &append);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &text);
  const CURLcode code = curl_easy_perform(easy);
  curl_easy_cleanup(easy);
  const std::size_t at = text.find("requests\n");
  ServerCounts counts;
  double handled = 0;
  if (code != CURLE_OK || at == std::string::npos ||
      !(std::istringstream(text.substr(at + 9)) >> counts.connections >> handled >>
        counts.requests)) {
    throw std::runtime_error("the server does not tell its counts");
  }
  return counts;
}

Figures run_hosts(const Settings& settings) {
  HostPlan plan;
  plan.webhooks = static_cast<std::size_t>(settings.quick ? 50 : 1000);
  const std::string port = settings.https.substr(settings.https.rfind(':') + 1);
  plan.url = "https://h{}.hosts.example.com:" + port + "/hooks";
  plan.transport.ca_file = settings.ca_file;
  for (std::size_t i = 0; i < plan.webhooks; ++i) {
    plan.transport.resolve.push_back("h" + std::to_string(i) + ".hosts.example.com:" + port +
                                     ":127.0.0.1");
  }
  plan.in_flight = 256;
  plan.per_webhook = 8;
  plan.window = 512;
  plan.seconds = settings.scaled_seconds(2);
  Host host(settings, plan);
  while (host.store().recorded() < plan.webhooks * 2) host.work(std::chrono::milliseconds(20));
  const ServerCounts before = ask_server(settings);
  Figures figures = host.measure();
  const ServerCounts after = ask_server(settings);
  figures["reused"] =
      1 - (after.connections - before.connections - 1) / (after.requests - before.requests - 1);
  return figures;
}

Scenario many_hosts(const Settings& settings) {
  Scenario scenario;
  scenario.what = "1,000 TLS hosts, after warm-up";
  scenario.rounds = 3;
  scenario.sides = {{"hookline", [=] { return run_hosts(settings); }}};
  scenario.targets = {{"reused connections", "hookline", "reused", "", "", true, 0.99}};
  return scenario;
}

}  // namespace

std::vector<Entry> fairness_entries() {
  return {{"hanging", &hanging}, {"tls-hosts", &many_hosts}};
}

}  // namespace hookline::bench
