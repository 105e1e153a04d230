#include "receiver/options.hpp"

#include <CLI/CLI.hpp>
#include <chrono>
#include <hookline/signer.hpp>

#include "common/command_line.hpp"

namespace receiver {
namespace {

void add_server_options(CLI::App& app, Options& options);
void add_answer_options(CLI::App& app, Options& options, double& delay);
std::string header_value_fault(const std::string& value);
std::string secret_fault(const std::string& secret);

}  // namespace

tl::expected<Options, int> parse_options(int argc, char** argv) {
  Options options;
  double delay = 0;
  CLI::App app("Prints the webhooks that it receives, and answers as it is told.", "receiver");
  add_server_options(app, options);
  add_answer_options(app, options, delay);
  app.add_option("--secret", options.secrets, "verify signatures with this secret (repeatable)")
      ->type_name("SECRET")
      ->allow_extra_args(false)
      ->check(CLI::Validator(secret_fault, ""));
  if (const auto status = examples::parse(app, argc, argv)) return tl::unexpected(*status);
  options.delay = examples::from_seconds(delay);
  return options;
}

namespace {

void add_server_options(CLI::App& app, Options& options) {
  app.add_option("--host", options.host, "address to listen on, 127.0.0.1 by default")
      ->type_name("HOST");
  app.add_option("--port", options.port, "port to listen on; 0, the default, takes a free one")
      ->type_name("PORT");
  app.add_option("--port-file", options.port_file, "write the port into this file")
      ->type_name("FILE");
  app.add_option("--count", options.count, "end after so many requests")
      ->type_name("N")
      ->check(CLI::Range(1, 1000000000).description(""));
}

void add_answer_options(CLI::App& app, Options& options, double& delay) {
  app.add_option("--status", options.statuses,
                 "answer with these, one for each request; the last one repeats")
      ->type_name("STATUS,...")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::Range(200, 599).description(""));
  app.add_option("--delay", delay, "wait before each answer")
      ->type_name("SECONDS")
      ->check(examples::seconds_check());
  app.add_option("--retry-after", options.retry_after, "send this header unless the status is 2xx")
      ->type_name("VALUE")
      ->check(CLI::Validator(header_value_fault, ""));
}

std::string header_value_fault(const std::string& value) {
  for (const char c : value) {
    if (c < ' ' || c > '~') return "a header value is printable ASCII";
  }
  return "";
}

/// The message never shows the secret.
std::string secret_fault(const std::string& secret) {
  const auto checked = hookline::verify({secret}, {"msg_check", "0", "v1,AA=="}, "",
                                        std::chrono::system_clock::time_point{});
  const bool bad = !checked && checked.error().code == hookline::ErrorCode::invalid_secret;
  return bad ? checked.error().message : "";
}

}  // namespace
}  // namespace receiver
