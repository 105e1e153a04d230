// A test that cannot fail proves nothing: each defence is taken away in turn, in a process of its
// own, and its test must miss it.

#include <sys/wait.h>

#include <cstdio>
#include <filesystem>
#include <regex>
#include <string>

#include "catch.hpp"
#include "send/setopt.hpp"

using hookline::test::Defence;

namespace {

struct Run {
  int status = 0;
  std::string output;
};

/// Runs the one test with this name without the defence.
Run run_without(const Defence& defence) {
  std::string name;
  for (const char c : defence.test) name += c == ',' ? std::string("\\,") : std::string(1, c);
  const std::string program = std::filesystem::read_symlink("/proc/self/exe").string();
  const std::string command = std::string(hookline::test::kWithoutVariable) + "='" + defence.name +
                              "' '" + program + "' --abort \"" + name + "\" 2>&1";
  Run run;
  std::FILE* const pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return run;
  char bytes[4096];
  while (const std::size_t count = std::fread(bytes, 1, sizeof bytes, pipe)) {
    run.output.append(bytes, count);
  }
  run.status = ::pclose(pipe);
  return run;
}

}  // namespace

TEST_CASE("Each defence that is taken away is missed by its test") {
  for (const Defence& defence : hookline::test::defences()) {
    const Run run = run_without(defence);
    INFO(defence.name << ": " << defence.test << '\n' << run.output);
    CHECK(WIFEXITED(run.status));
    CHECK(
        std::regex_search(run.output, std::regex("test cases: +1 \\|( +0 passed \\|)? +1 failed")));
  }
}
