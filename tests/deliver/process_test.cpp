#include "base/process.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include "catch.hpp"

using hookline::detail::process_id;

namespace {

/// Runs in a fork, and says whether it was so there.
template <class Check>
bool holds_in_fork(Check check) {
  const pid_t child = fork();
  if (child == 0) _exit(check() ? 0 : 1);
  int status = -1;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace

TEST_CASE("A process knows its id, also one that was forked from one that knew its own") {
  const pid_t own = process_id();
  CHECK(own == getpid());
  CHECK(process_id() == own);
  CHECK(holds_in_fork([&] {
    return process_id() == getpid() && process_id() != own &&
           holds_in_fork([] { return process_id() == getpid(); });
  }));
  CHECK(process_id() == own);
}
