// The thread of the transport: concurrency, sleep, signals, shutdown.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <future>

#include "catch.hpp"
#include "send/curl_transport_fixture.hpp"

using namespace hookline;
using fakes::Exchange;
using fakes::HttpServer;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

namespace {

/// The folder under /proc of the one thread with this name, or an empty path.
std::filesystem::path thread_named(const std::string& name) {
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::string found;
    std::getline(std::ifstream(task.path() / "comm"), found);
    if (found == name) return task.path();
  }
  return {};
}

std::string status_of(const std::filesystem::path& task, const std::string& field) {
  std::ifstream status(task / "status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind(field + ":\t", 0) == 0) return line.substr(field.size() + 2);
  }
  return "";
}

/// Keeps an address where connecting neither succeeds nor fails: its queue is full.
class FullListener {
 public:
  FullListener() {
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sockets_.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ::bind(sockets_[0], reinterpret_cast<sockaddr*>(&address_), sizeof address_);
    ::listen(sockets_[0], 0);
    socklen_t size = sizeof address_;
    ::getsockname(sockets_[0], reinterpret_cast<sockaddr*>(&address_), &size);
    for (int i = 0; i < 4; ++i) {
      sockets_.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
      static_cast<void>(
          ::connect(sockets_.back(), reinterpret_cast<sockaddr*>(&address_), sizeof address_));
    }
  }
  FullListener(const FullListener&) = delete;
  FullListener& operator=(const FullListener&) = delete;
  ~FullListener() {
    for (const int socket : sockets_) ::close(socket);
  }
  [[nodiscard]] std::string url() const {
    return "http://127.0.0.1:" + std::to_string(ntohs(address_.sin_port)) + "/";
  }

 private:
  sockaddr_in address_{};
  std::vector<int> sockets_;
};

/// Lets calls through only after it is opened.
class Gate {
 public:
  void open() { promise_.set_value(); }
  void pass() { opened_.wait(); }

 private:
  std::promise<void> promise_;
  std::shared_future<void> opened_ = promise_.get_future().share();
};

}  // namespace

TEST_CASE("A connection that is not made in time is a timeout") {
  const FullListener listener;
  const auto transport = make_transport();
  HttpRequest request = request_to(listener.url());
  request.connect_timeout = milliseconds(300);
  const auto start = steady_clock::now();
  CHECK(outcome(deliver(*transport, request)) == "timeout");
  CHECK(steady_clock::now() - start < seconds(3));
}

TEST_CASE("A time limit of zero or less ends the request at once") {
  const HttpServer server([](Exchange& exchange) { exchange.hang(); });
  const auto transport = make_transport();
  HttpRequest request = request_to(server.url());
  request.timeout = GENERATE(milliseconds(0), milliseconds(-5), milliseconds::min());
  const auto start = steady_clock::now();
  CHECK(outcome(deliver(*transport, request)) == "timeout");
  CHECK(steady_clock::now() - start < milliseconds(150));
}

// libcurl 7.88 loses its timer when something arrives in the last millisecond before it.
TEST_CASE("A byte just before the time limit does not put it off") {
  constexpr std::size_t kRequests = 20;
  const HttpServer server([](Exchange& exchange) {
    exchange.pause(milliseconds(242 + exchange.request().connection % 8));
    exchange.write("H");
    exchange.hang();
  });
  const auto transport = make_transport();
  HttpRequest request = request_to(server.url());
  request.timeout = milliseconds(250);  // after 200 ms libcurl has no other timer left
  for (int round = 0; round < 6; ++round) {
    Completions completions;
    for (std::size_t i = 0; i < kRequests; ++i) transport->send(request, completions.next());
    REQUIRE(completions.wait_for(kRequests, seconds(2)));
    CHECK(completions.outcomes() == std::map<std::string, std::size_t>{{"timeout", kRequests}});
  }
}

TEST_CASE("A time limit of any length is borne") {
  const HttpServer server;
  const auto transport = make_transport();
  HttpRequest request = request_to(server.url());
  request.timeout = request.connect_timeout = milliseconds::max();
  CHECK(outcome(deliver(*transport, request)) == "200");
}

TEST_CASE("Hundreds of requests are in flight at once") {
  constexpr std::size_t kRequests = 300;
  Gate gate;
  const HttpServer server([&](Exchange& exchange) {
    gate.pass();
    exchange.respond(200);
  });
  Completions completions;
  const auto transport = make_transport();
  for (std::size_t i = 0; i < kRequests; ++i) {
    transport->send(request_to(server.url()), completions.next());
  }
  const bool all_in_flight = server.wait_for_requests(kRequests);
  gate.open();
  CHECK(all_in_flight);
  REQUIRE(completions.wait_for(kRequests));
  CHECK(completions.outcomes() == std::map<std::string, std::size_t>{{"200", kRequests}});
  CHECK(completions.each_was_called_once());
}

TEST_CASE("Requests of many threads all complete") {
  constexpr std::size_t kThreads = 4;
  constexpr std::size_t kEach = 100;
  const HttpServer server;
  Completions completions;
  const auto transport = make_transport();
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (std::size_t i = 0; i < kEach; ++i) {
        transport->send(request_to(server.url()), completions.next());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  REQUIRE(completions.wait_for(kThreads * kEach));
  CHECK(completions.outcomes() == std::map<std::string, std::size_t>{{"200", kThreads * kEach}});
  CHECK(completions.each_was_called_once());
}

TEST_CASE("A completion may send the next request") {
  const HttpServer server;
  Completions completions;
  const auto transport = make_transport();
  std::function<void(int)> send_next = [&](int left) {
    transport->send(request_to(server.url()),
                    [&, left, done = completions.next()](HttpResult result) {
                      if (left > 1) send_next(left - 1);
                      done(std::move(result));
                    });
  };
  send_next(50);
  REQUIRE(completions.wait_for(50));
  CHECK(completions.outcomes() == std::map<std::string, std::size_t>{{"200", 50}});
  CHECK(server.connections() == 1);
}

TEST_CASE("A completion that throws takes nothing with it") {
  const HttpServer server;
  const auto transport = make_transport();
  transport->send(request_to(server.url()),
                  [](const HttpResult&) { throw std::runtime_error("of the host"); });
  CHECK(outcome(deliver(*transport, request_to(server.url()))) == "200");
}

TEST_CASE("The thread has its name and takes no signal") {
  const HttpServer server;
  const auto transport = make_transport();
  REQUIRE(outcome(deliver(*transport, request_to(server.url()))) == "200");
  const auto task = thread_named("hookline-curl");
  REQUIRE_FALSE(task.empty());
  const auto blocked = std::stoull(status_of(task, "SigBlk"), nullptr, 16);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGCHLD, SIGALRM, SIGUSR1, SIGPROF}) {
    CAPTURE(signal);
    CHECK((blocked >> (signal - 1) & 1) == 1);
  }
  // The thread that created the transport keeps its own mask.
  sigset_t own;
  pthread_sigmask(SIG_SETMASK, nullptr, &own);
  CHECK(sigismember(&own, SIGTERM) == 0);
}

TEST_CASE("The disposition of SIGPIPE is the host's") {
  struct sigaction before {};
  struct sigaction after {};
  ::sigaction(SIGPIPE, nullptr, &before);
  {
    const HttpServer server([](Exchange& exchange) { exchange.reset(); });
    const auto transport = make_transport();
    static_cast<void>(deliver(*transport, request_to(server.url())));
    ::sigaction(SIGPIPE, nullptr, &after);
  }
  CHECK(before.sa_handler == after.sa_handler);
}

TEST_CASE("With nothing to do the thread sleeps") {
  const HttpServer server;
  const auto transport = make_transport();
  HttpRequest request = request_to(server.url());
  request.timeout = seconds(1);  // passes while the thread is watched
  REQUIRE(outcome(deliver(*transport, request)) == "200");
  std::this_thread::sleep_for(milliseconds(200));
  const auto task = thread_named("hookline-curl");
  const std::string before = status_of(task, "voluntary_ctxt_switches");
  std::this_thread::sleep_for(milliseconds(1500));
  CHECK(status_of(task, "voluntary_ctxt_switches") == before);
}

TEST_CASE("The destructor cancels what is open, at once") {
  constexpr std::size_t kRequests = 50;
  const HttpServer server([](Exchange& exchange) { exchange.hang(); });
  Completions completions;
  auto transport = make_transport();
  for (std::size_t i = 0; i < kRequests; ++i) {
    transport->send(request_to(server.url()), completions.next());
  }
  REQUIRE(server.wait_for_requests(kRequests));
  const auto start = steady_clock::now();
  transport.reset();
  CHECK(steady_clock::now() - start < milliseconds(500));
  CHECK(completions.outcomes() == std::map<std::string, std::size_t>{{"cancelled", kRequests}});
  CHECK(completions.each_was_called_once());
}

TEST_CASE("What was just sent is cancelled as well") {
  const HttpServer server([](Exchange& exchange) { exchange.hang(); });
  Completions completions;
  for (int i = 0; i < 50; ++i) {
    const auto transport = make_transport();
    transport->send(request_to(server.url()), completions.next());
  }
  CHECK(completions.outcomes() == std::map<std::string, std::size_t>{{"cancelled", 50}});
}

TEST_CASE("A request sent from a completion during the shutdown is cancelled") {
  const HttpServer server([](Exchange& exchange) { exchange.hang(); });
  Completions completions;
  auto transport = make_transport();
  CurlTransport* const raw = transport.get();
  raw->send(request_to(server.url()), [&, done = completions.next()](HttpResult result) {
    raw->send(request_to(server.url()), completions.next());
    done(std::move(result));
  });
  REQUIRE(server.wait_for_requests(1));
  transport.reset();
  CHECK(completions.outcomes() == std::map<std::string, std::size_t>{{"cancelled", 2}});
}

TEST_CASE("Every request completes once while threads send and the transport is destroyed") {
  constexpr std::size_t kThreads = 3;
  constexpr std::size_t kEach = 200;
  const HttpServer server;
  const HttpServer hanging([](Exchange& exchange) { exchange.hang(); });
  for (int round = 0; round < 5; ++round) {
    Completions completions;
    Gate senders_done;
    auto transport = make_transport();
    CurlTransport* const raw = transport.get();
    // The destructor waits for this completion, so the object is there until the senders are done.
    raw->send(request_to(hanging.url()), [&, done = completions.next()](HttpResult result) {
      senders_done.pass();
      done(std::move(result));
    });
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < kThreads; ++t) {
      threads.emplace_back([&] {
        for (std::size_t i = 0; i < kEach; ++i)
          raw->send(request_to(server.url()), completions.next());
      });
    }
    std::thread destroyer([&] { transport.reset(); });
    for (std::thread& thread : threads) thread.join();
    senders_done.open();
    destroyer.join();
    CHECK(completions.results().size() == kThreads * kEach + 1);
    CHECK(completions.each_was_called_once());
  }
}

TEST_CASE("Transports live side by side") {
  const HttpServer server;
  const auto first = make_transport();
  auto second = make_transport();
  CHECK(outcome(deliver(*first, request_to(server.url()))) == "200");
  CHECK(outcome(deliver(*second, request_to(server.url()))) == "200");
  second.reset();
  CHECK(outcome(deliver(*first, request_to(server.url()))) == "200");
}
