#include <sys/wait.h>
#include <unistd.h>

#include <set>
#include <string>

#include "base/ulid.hpp"
#include "catch.hpp"

using namespace hookline;

namespace {

constexpr std::size_t kLength = 30;
constexpr int kMany = 1000;

std::string id_at(std::chrono::milliseconds time) {
  return detail::make_id("msg_", std::chrono::system_clock::time_point(time));
}

std::string read_text(int from) {
  std::string text;
  char part[4096];
  for (ssize_t got = 0; (got = read(from, part, sizeof(part))) > 0;) {
    text.append(part, static_cast<std::size_t>(got));
  }
  return text;
}

}  // namespace

TEST_CASE("Message ids begin with their time, sort by it and never meet") {
  CHECK(id_at(std::chrono::milliseconds(0)).substr(0, 14) == "msg_0000000000");
  // The example in the specification of ULIDs.
  CHECK(id_at(std::chrono::milliseconds(1'469'918'176'385)).substr(0, 14) == "msg_01ARYZ6S41");
  CHECK(id_at(std::chrono::milliseconds(1023)) < id_at(std::chrono::milliseconds(1024)));
  std::set<std::string> ids;
  for (int i = 0; i < kMany; ++i) ids.insert(id_at(std::chrono::milliseconds(1)));
  CHECK(ids.size() == kMany);
  for (const std::string& id : ids) CHECK(id.size() == kLength);
}

TEST_CASE("A forked child makes no message id that its parent makes, too") {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  static_cast<void>(id_at(std::chrono::milliseconds(1)));  // what it leaves is inherited
  const pid_t child = fork();
  if (child == 0) {
    for (int i = 0; i < kMany; ++i) {
      static_cast<void>(!write(ends[1], id_at(std::chrono::milliseconds(1)).data(), kLength));
    }
    _exit(0);
  }
  close(ends[1]);
  const std::string made = read_text(ends[0]);
  close(ends[0]);
  waitpid(child, nullptr, 0);
  std::set<std::string> ids;
  for (int i = 0; i < kMany; ++i) {
    ids.insert(id_at(std::chrono::milliseconds(1)));
    ids.insert(made.substr(static_cast<std::size_t>(i) * kLength, kLength));
  }
  CHECK(ids.size() == 2 * kMany);
}
