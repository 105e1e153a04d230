#include "send/socket_poller.hpp"

#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "catch.hpp"

using hookline::detail::SocketPoller;

namespace {

/// Two ends: what is written into `far` can be read from `near`.
struct Pair {
  Pair() {
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    near = ends[0];
    far = ends[1];
  }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;
  ~Pair() {
    ::close(near);
    ::close(far);
  }
  void write() const { REQUIRE(::write(far, "x", 1) == 1); }
  void read() const {
    char byte;
    REQUIRE(::read(near, &byte, 1) == 1);
  }
  int near = -1;
  int far = -1;
};

std::unique_ptr<SocketPoller> make_poller() {
  auto poller = SocketPoller::create();
  REQUIRE(poller);
  return *std::move(poller);
}

std::vector<int> ready(SocketPoller& poller) {
  std::vector<int> sockets;
  for (const auto& event : poller.wait(0)) sockets.push_back(event.socket);
  std::sort(sockets.begin(), sockets.end());
  return sockets;
}

/// Rounds in which another socket has something, until the quiet ones are in epoll.
void wear_out(SocketPoller& poller, const Pair& busy) {
  busy.write();
  for (std::uint32_t i = 0; i < SocketPoller::kPatience; ++i) {
    REQUIRE(ready(poller) == std::vector{busy.near});
  }
  busy.read();
}

}  // namespace

TEST_CASE("A socket is reported as long as it has something, and no more when it is removed") {
  const auto poller = make_poller();
  const Pair pair;
  poller->watch(pair.near, CURL_POLL_IN);
  CHECK(ready(*poller).empty());
  pair.write();
  for (int i = 0; i < 3; ++i) {
    const auto& events = poller->wait(0);
    REQUIRE(events.size() == 1);
    CHECK(events[0].socket == pair.near);
    CHECK(events[0].what == CURL_CSELECT_IN);
  }
  poller->watch(pair.near, CURL_POLL_OUT);
  REQUIRE(poller->wait(0).size() == 1);
  CHECK(poller->wait(0)[0].what == CURL_CSELECT_OUT);
  poller->watch(pair.near, CURL_POLL_REMOVE);
  CHECK(poller->wait(0).empty());
}

TEST_CASE("A socket that stays quiet goes into epoll, and is heard there") {
  const auto poller = make_poller();
  const Pair busy;
  const Pair quiet;
  const Pair silent;
  for (const Pair* pair : {&busy, &quiet, &silent}) {
    poller->watch(pair->near, CURL_POLL_IN);
  }
  wear_out(*poller, busy);
  CHECK(poller->patient() == 2);

  quiet.write();
  CHECK(ready(*poller) == std::vector{quiet.near});
  busy.write();
  CHECK(ready(*poller).size() == 2);
  busy.read();

  // It can be changed there, and taken away.
  poller->watch(quiet.near, CURL_POLL_OUT);
  REQUIRE(poller->wait(0).size() == 1);
  CHECK(poller->wait(0)[0].what == CURL_CSELECT_OUT);
  poller->watch(quiet.near, CURL_POLL_REMOVE);
  CHECK(poller->wait(0).empty());
  CHECK(poller->patient() == 1);
  silent.write();
  CHECK(ready(*poller) == std::vector{silent.near});
}

TEST_CASE("A socket that only time passes by goes into epoll, too") {
  const auto poller = make_poller();
  const Pair pair;
  poller->watch(pair.near, CURL_POLL_IN);
  for (std::uint32_t i = 0; i < SocketPoller::kPatience; ++i) REQUIRE(ready(*poller).empty());
  CHECK(poller->patient() == 1);
  pair.write();
  CHECK(ready(*poller) == std::vector{pair.near});
}

TEST_CASE("A socket that was removed from epoll is polled when it comes again") {
  const auto poller = make_poller();
  const Pair busy;
  const Pair pair;
  poller->watch(busy.near, CURL_POLL_IN);
  poller->watch(pair.near, CURL_POLL_IN);
  wear_out(*poller, busy);
  REQUIRE(poller->patient() == 1);
  poller->watch(pair.near, CURL_POLL_REMOVE);
  poller->watch(pair.near, CURL_POLL_IN);
  CHECK(poller->patient() == 0);
  pair.write();
  CHECK(ready(*poller) == std::vector{pair.near});
}

TEST_CASE("A socket that comes under the number of one that was closed unasked is heard") {
  const auto poller = make_poller();
  const Pair busy;
  const Pair closed;
  const Pair next;
  poller->watch(busy.near, CURL_POLL_IN);
  poller->watch(closed.near, CURL_POLL_IN);
  wear_out(*poller, busy);
  REQUIRE(poller->patient() == 1);
  REQUIRE(::dup2(next.near, closed.near) == closed.near);
  poller->watch(closed.near, CURL_POLL_IN);
  CHECK(poller->patient() == 0);
  next.write();
  CHECK(ready(*poller) == std::vector{closed.near});
}

TEST_CASE("Sockets come and go in any order without one taking the place of another") {
  const auto poller = make_poller();
  const Pair busy;
  poller->watch(busy.near, CURL_POLL_IN);
  std::vector<std::unique_ptr<Pair>> pairs;
  for (int i = 0; i < 40; ++i) {
    pairs.push_back(std::make_unique<Pair>());
    poller->watch(pairs.back()->near, CURL_POLL_IN);
    if (i == 19) wear_out(*poller, busy);  // the first half is in epoll
  }
  std::vector<int> expected;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    if (i % 3 == 0) {
      poller->watch(pairs[i]->near, CURL_POLL_REMOVE);
    } else {
      expected.push_back(pairs[i]->near);
    }
    pairs[i]->write();
  }
  std::sort(expected.begin(), expected.end());
  CHECK(ready(*poller) == expected);
}

TEST_CASE("A wake-up ends a wait, also one that was not begun") {
  const auto poller = make_poller();
  poller->wake_up();
  CHECK(poller->wait(-1).empty());
  std::thread other([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    poller->wake_up();
  });
  CHECK(poller->wait(-1).empty());
  other.join();
}

TEST_CASE("Sockets are heard when the process may open fewer files than it has open") {
  const auto poller = make_poller();
  std::vector<std::unique_ptr<Pair>> pairs;
  for (int i = 0; i < 20; ++i) {
    pairs.push_back(std::make_unique<Pair>());
    poller->watch(pairs.back()->near, CURL_POLL_IN);
  }
  pairs.back()->write();
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  const rlimit lower{10, before.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &lower) == 0);
  std::vector<int> heard = ready(*poller);
  if (heard.empty()) heard = ready(*poller);
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
  CHECK(heard == std::vector{pairs.back()->near});
}
