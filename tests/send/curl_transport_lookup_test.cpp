// Name look-ups that fail, hang and pile up. This program has its own getaddrinfo, which libcurl
// calls in place of the system's.

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "catch.hpp"
#include "send/curl_transport_fixture.hpp"
#include "send/setopt.hpp"

using namespace hookline;
using fakes::Exchange;
using fakes::HttpServer;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

namespace {

/// What names under `.lookup.example` resolve to: `hang` after it was released, `fail` to nothing,
/// `rebind` to 127.0.0.2 the first time, everything else to 127.0.0.1.
class Resolver {
 public:
  static Resolver& instance() {
    static Resolver* const resolver = new Resolver;  // threads of libcurl outlive the tests
    return *resolver;
  }

  std::string resolve(const std::string& name) {
    std::unique_lock lock(mutex_);
    ++started_;
    most_at_once_ = std::max(most_at_once_, ++running_);
    changed_.notify_all();
    if (name.rfind("hang", 0) == 0) {
      const std::size_t released = released_;
      changed_.wait(lock, [&] { return released_ != released; });
    }
    --running_;
    changed_.notify_all();
    if (name.rfind("rebind", 0) == 0 && started_ == 1) return "127.0.0.2";
    return name.rfind("fail", 0) == 0 ? "" : "127.0.0.1";
  }

  void reset() {
    const std::lock_guard lock(mutex_);
    started_ = most_at_once_ = 0;
  }
  /// Ends the look-ups that hang, and waits until they are gone.
  void release() {
    std::unique_lock lock(mutex_);
    ++released_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return running_ == 0; });
  }
  [[nodiscard]] bool wait_for_started(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, seconds(10), [&] { return started_ >= count; });
  }
  [[nodiscard]] std::size_t started() {
    const std::lock_guard lock(mutex_);
    return started_;
  }
  [[nodiscard]] std::size_t most_at_once() {
    const std::lock_guard lock(mutex_);
    return most_at_once_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t started_ = 0;
  std::size_t running_ = 0;
  std::size_t most_at_once_ = 0;
  std::size_t released_ = 0;
};

/// Starts a test with a fresh count and leaves no look-up behind.
struct Lookups {
  Lookups() { resolver.reset(); }
  ~Lookups() { resolver.release(); }
  Resolver& resolver = Resolver::instance();
};

std::string url_of(const std::string& name, const HttpServer& server) {
  return "http://" + name + ".lookup.example:" + std::to_string(server.port()) + "/";
}

std::unique_ptr<CurlTransport> with_lookups(std::size_t count) {
  CurlTransportOptions options;
  options.max_lookups = count;
  return make_transport(options);
}

}  // namespace

extern "C" int getaddrinfo(const char* node, const char* service, const addrinfo* hints,
                           addrinfo** result) {
  using Function = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
  static const auto real = reinterpret_cast<Function>(::dlsym(RTLD_NEXT, "getaddrinfo"));
  const std::string name = node == nullptr ? "" : node;
  if (name.find(".lookup.example") == std::string::npos) {
    return real(node, service, hints, result);
  }
  const std::string address = Resolver::instance().resolve(name);
  return address.empty() ? EAI_NONAME : real(address.c_str(), service, hints, result);
}

TEST_CASE("A name is looked up, its address checked and the answer remembered") {
  const Lookups lookups;
  const HttpServer server([](Exchange& exchange) {
    exchange.respond(200);
    exchange.close();
  });
  const auto transport = with_lookups(1);
  CHECK(outcome(deliver(*transport, request_to(url_of("a", server)))) == "200");
  CHECK(outcome(deliver(*transport, request_to(url_of("a", server)))) == "200");
  CHECK(lookups.resolver.started() == 1);
  CHECK(outcome(deliver(*transport, request_to(url_of("a", server), policy_for({})))) == "policy");
  CHECK(server.connections() == 2);
}

TEST_CASE("A name that does not resolve is a failure of class dns") {
  const Lookups lookups;
  const HttpServer server;
  const auto transport = with_lookups(1);
  const HttpResult result = deliver(*transport, request_to(url_of("fail", server)));
  REQUIRE(outcome(result) == "dns");
  CHECK_FALSE(result.error().permanent);
  CHECK(outcome(deliver(*transport, request_to(url_of("fail2", server)))) == "dns");
}

TEST_CASE("A look-up that hangs ends with the connect limit and holds nobody up") {
  const Lookups lookups;
  const HttpServer server;
  const auto transport = make_transport();
  Completions hanging;
  HttpRequest request = request_to(url_of("hang", server));
  request.connect_timeout = milliseconds(500);
  const auto start = steady_clock::now();
  transport->send(request, hanging.next());
  REQUIRE(lookups.resolver.wait_for_started(1));
  CHECK(outcome(deliver(*transport, request_to(server.url()))) == "200");
  CHECK(steady_clock::now() - start < milliseconds(400));
  REQUIRE(hanging.wait_for(1));
  CHECK(outcome(hanging.results()[0]) == "timeout");
  CHECK(steady_clock::now() - start < seconds(3));
  const auto after = steady_clock::now();
  CHECK(outcome(deliver(*transport, request_to(server.url()))) == "200");
  CHECK(steady_clock::now() - after < seconds(1));
}

TEST_CASE("The destructor does not wait for a look-up that hangs") {
  const Lookups lookups;
  const HttpServer server;
  auto transport = make_transport();
  Completions completions;
  for (int i = 0; i < 5; ++i) {
    transport->send(request_to(url_of("hang" + std::to_string(i), server)), completions.next());
  }
  REQUIRE(lookups.resolver.wait_for_started(5));
  const auto start = steady_clock::now();
  transport.reset();
  CHECK(steady_clock::now() - start < milliseconds(500));
  CHECK(completions.outcomes() == std::map<std::string, std::size_t>{{"cancelled", 5}});
}

TEST_CASE("No more names than allowed are looked up at once, and all get their turn") {
  const Lookups lookups;
  const HttpServer server;
  Completions completions;
  const auto transport = with_lookups(3);
  for (int i = 0; i < 60; ++i) {
    transport->send(request_to(url_of("n" + std::to_string(i), server)), completions.next());
  }
  REQUIRE(completions.wait_for(60));
  CHECK(completions.outcomes() == std::map<std::string, std::size_t>{{"200", 60}});
  CHECK(lookups.resolver.started() == 60);
  CHECK(lookups.resolver.most_at_once() <= 3);
}

TEST_CASE("Requests wait for a look-up while others hang, and are cancelled with the rest") {
  const Lookups lookups;
  const HttpServer server;
  Completions hanging;
  Completions waiting;
  auto transport = with_lookups(2);
  for (int i = 0; i < 2; ++i) {
    transport->send(request_to(url_of("hang" + std::to_string(i), server)), hanging.next());
  }
  REQUIRE(lookups.resolver.wait_for_started(2));
  transport->send(request_to(url_of("a", server)), waiting.next());
  // A literal address and a connection that is open need no look-up.
  CHECK(outcome(deliver(*transport, request_to(server.url()))) == "200");
  CHECK(lookups.resolver.started() == 2);

  SECTION("They go on when a look-up ends") {
    lookups.resolver.release();
    REQUIRE(waiting.wait_for(1));
    CHECK(outcome(waiting.results()[0]) == "200");
  }
  SECTION("They end with the transport") {
    transport.reset();
    CHECK(waiting.outcomes() == std::map<std::string, std::size_t>{{"cancelled", 1}});
    CHECK(hanging.outcomes() == std::map<std::string, std::size_t>{{"cancelled", 2}});
  }
}

TEST_CASE("A request that gets no look-up in time is a timeout") {
  const Lookups lookups;
  const HttpServer server;
  Completions hanging;
  const auto transport = with_lookups(1);
  HttpRequest request = request_to(url_of("hang", server));
  request.timeout = milliseconds(200);
  transport->send(request, hanging.next());
  REQUIRE(hanging.wait_for(1));
  CHECK(outcome(hanging.results()[0]) == "timeout");

  // The look-up that was given up runs on and keeps its slot.
  request.url = url_of("a", server);
  const HttpResult result = deliver(*transport, request);
  REQUIRE(outcome(result) == "timeout");
  CHECK(result.error().message == "too many name look-ups at once: none was free in time");
  CHECK(lookups.resolver.started() == 1);
}

TEST_CASE("A connection that is open is used while no look-up is free") {
  const Lookups lookups;
  const HttpServer server;
  Completions hanging;
  const auto transport = with_lookups(1);
  REQUIRE(outcome(deliver(*transport, request_to(url_of("a", server)))) == "200");
  transport->send(request_to(url_of("hang", server)), hanging.next());
  REQUIRE(lookups.resolver.wait_for_started(2));
  CHECK(outcome(deliver(*transport, request_to(url_of("a", server)))) == "200");
  CHECK(server.connections() == 1);
}

TEST_CASE("A name that leads elsewhere at the next delivery is checked again") {
  const Lookups lookups;
  // libcurl remembers an answer for a minute; here it forgets at once.
  const test::Replaced no_cache(CURLOPT_KEYPASSWD, [](CURL* easy, void*) {
    return test::real_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, 0L);
  });
  fakes::HttpServerOptions at_two;
  at_two.address = "127.0.0.2";
  const HttpServer server(
      [](Exchange& exchange) {
        exchange.respond(200);
        exchange.close();
      },
      at_two);
  fakes::HttpServerOptions at_one;
  at_one.port = server.port();
  const HttpServer recorder([](Exchange& exchange) { exchange.respond(200); }, at_one);
  const auto transport = with_lookups(1);
  const AddressPolicy policy = policy_for({"127.0.0.2/32"});
  CHECK(outcome(deliver(*transport, request_to(url_of("rebind", server), policy))) == "200");
  const HttpResult result = deliver(*transport, request_to(url_of("rebind", server), policy));
  REQUIRE(outcome(result) == "policy");
  CHECK_FALSE(result.error().permanent);
  CHECK(lookups.resolver.started() == 2);
  CHECK(server.request_count() == 1);
  CHECK(recorder.connections() == 0);
}
