#include "send/socket_poller.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <memory>

#include "catch.hpp"

namespace hookline::detail {
namespace {

/// Two sockets that are connected: one to be watched, one to write to.
class Pair {
 public:
  Pair() { REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends_.data()) == 0); }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;
  ~Pair() {
    for (const int end : ends_) {
      if (end >= 0) ::close(end);
    }
  }
  [[nodiscard]] int watched() const { return ends_[0]; }
  void write() const { REQUIRE(::write(ends_[1], "x", 1) == 1); }
  void read() const {
    char byte = 0;
    REQUIRE(::read(ends_[0], &byte, 1) == 1);
  }
  void close_other_end() {
    ::close(ends_[1]);
    ends_[1] = -1;
  }

 private:
  std::array<int, 2> ends_{-1, -1};
};

std::unique_ptr<SocketPoller> make_poller() { return SocketPoller::create().value(); }

/// As libcurl does for each request.
void come_and_go(SocketPoller& poller, const Pair& pair) {
  REQUIRE(poller.watch(pair.watched(), CURL_POLL_IN));
  pair.write();
  REQUIRE(poller.wait(1000).size() == 1);
  pair.read();
  REQUIRE(poller.watch(pair.watched(), CURL_POLL_REMOVE));
}

TEST_CASE("A socket that comes back is watched again") {
  const auto poller = make_poller();
  const Pair pair;
  if (GENERATE(true, false)) poller->opened(pair.watched());
  for (int i = 0; i < 3; ++i) come_and_go(*poller, pair);
  REQUIRE(poller->wait(200).empty());  // long enough for it to be let go of
  come_and_go(*poller, pair);
}

TEST_CASE("A socket that was let go of reports nothing and does not end a sleep twice") {
  const auto poller = make_poller();
  Pair pair;
  poller->opened(pair.watched());
  come_and_go(*poller, pair);
  pair.close_other_end();
  CHECK(poller->wait(1000).empty());  // at once: its end came
  const auto start = std::chrono::steady_clock::now();
  CHECK(poller->wait(100).empty());  // until there is nothing to wait for any more
  CHECK(poller->wait(100).empty());
  CHECK(std::chrono::steady_clock::now() - start >= std::chrono::milliseconds(100));
}

TEST_CASE("What is asked of a socket can change while it is watched") {
  const auto poller = make_poller();
  const Pair pair;
  poller->opened(pair.watched());
  come_and_go(*poller, pair);
  REQUIRE(poller->watch(pair.watched(), CURL_POLL_INOUT));
  CHECK(poller->wait(1000).at(0).what == CURL_CSELECT_OUT);
  REQUIRE(poller->watch(pair.watched(), CURL_POLL_IN));
  CHECK(poller->wait(0).empty());
}

TEST_CASE("A new socket under the number of an old one is a new one") {
  const auto poller = make_poller();
  int number = -1;
  {
    const Pair old;
    number = old.watched();
    poller->opened(number);
    come_and_go(*poller, old);
    if (GENERATE(true, false)) poller->closed(number);
  }
  const Pair pair;
  REQUIRE(pair.watched() == number);
  poller->opened(number);
  come_and_go(*poller, pair);
}

TEST_CASE("A wake-up from another thread ends a sleep") {
  const auto poller = make_poller();
  poller->wake_up();
  CHECK(poller->wait(10'000).empty());
}

}  // namespace
}  // namespace hookline::detail
