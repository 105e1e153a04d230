// Receives webhooks and prints them: see README.md in the folder above.

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <thread>

#include "common/command_line.hpp"
#include "receiver/options.hpp"
#include "receiver/server.hpp"

namespace receiver {
namespace {

sigset_t block_end_signals();
void end_this_process();
void announce(const Options& options, std::uint16_t port);
bool write_port_file(const std::string& path, std::uint16_t port);

int run(const Options& options) {
  const sigset_t end_signals = block_end_signals();
  Server server(options, end_this_process);
  const std::uint16_t port = server.bind();
  if (port == 0) {
    examples::complain("receiver",
                       fmt::format("cannot listen on {} port {}", options.host, options.port));
    return 1;
  }
  announce(options, port);
  if (!options.port_file.empty() && !write_port_file(options.port_file, port)) {
    examples::complain("receiver", options.port_file + ": cannot be written");
    return 1;
  }

  bool served = false;
  std::thread serving([&] {
    served = server.run();
    end_this_process();
  });
  int signal = 0;
  sigwait(&end_signals, &signal);
  server.stop();
  serving.join();
  return served ? 0 : 1;
}

/// In every thread, as all of them are started later: whoever waits for them gets them.
sigset_t block_end_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

/// There is one way to end: a signal. The server uses it too.
void end_this_process() { kill(getpid(), SIGTERM); }

void announce(const Options& options, std::uint16_t port) {
  const bool ipv6 = options.host.find(':') != std::string::npos;
  fmt::print("listening on http://{}:{}\n", ipv6 ? '[' + options.host + ']' : options.host, port);
  std::fflush(stdout);
}

/// Renamed into its place, so that nobody reads a part of it.
bool write_port_file(const std::string& path, std::uint16_t port) {
  const std::string unfinished = path + ".new";
  std::FILE* file = std::fopen(unfinished.c_str(), "we");
  if (!file) return false;
  fmt::print(file, "{}\n", port);
  return std::fclose(file) == 0 && std::rename(unfinished.c_str(), path.c_str()) == 0;
}

}  // namespace
}  // namespace receiver

int main(int argc, char** argv) {
  const auto options = receiver::parse_options(argc, argv);
  return options ? receiver::run(*options) : options.error();
}
