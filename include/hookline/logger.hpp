#pragma once

#include <string_view>

#include "hookline/export.hpp"

namespace hookline {

enum class LogLevel {
  debug,    ///< a failed attempt
  info,     ///< a change for the better: a receiver, the store or the network is back
  warning,  ///< somebody should know: a webhook was disabled, a receiver rests
  error     ///< deliveries do not go on: the store fails, the network is gone
};

/// The name of the enumerator.
[[nodiscard]] HOOKLINE_API std::string_view to_string(LogLevel level);

/// Where a dispatcher writes what an operator should know; without one it says nothing. A bridge to
/// the host's own logging is one function long.
///
/// Called from the thread that also serves the `Observer`, with no lock held, so it may block; what
/// it does not take in time is dropped and counted. A message is one line, printable, and holds no
/// secret, no query string and no body. It must not throw.
class HOOKLINE_API Logger {
 public:
  virtual ~Logger();
  virtual void log(LogLevel level, std::string_view message) = 0;
};

}  // namespace hookline
