#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

namespace receiver {

/// The command line, checked.
struct Options {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;  ///< 0: one that is free
  std::string port_file;   ///< where the port is written to; empty: nowhere

  std::vector<int> statuses = {
      200};  ///< one for each request in turn, the last for all that follow
  std::chrono::milliseconds delay{0};
  std::string retry_after;  ///< sent with every status that is not 2xx; empty: never

  std::vector<std::string> secrets;
  std::optional<std::uint64_t> count;  ///< ends after so many requests
};

/// The options, or the status to exit with at once; what there is to say has been printed then.
tl::expected<Options, int> parse_options(int argc, char** argv);

}  // namespace receiver
