#pragma once

#include <unistd.h>

#include <string>

namespace hookline::crash {

/// Tells the test, over standard output, what has happened. A line is written in one piece or not
/// at all, whenever the process is killed (pipe(7): up to PIPE_BUF bytes). Usable from any thread.
///
///     intends IMPORT                it is about to be dispatched
///     accepted IMPORT MESSAGE N     `dispatch` has returned, with N deliveries
///     repeated IMPORT MESSAGE       `dispatch` has returned the receipt of an earlier one
///     delivered ID                  the observer has heard of it
///     ended ID REASON               it has ended in another way
///     takes IMPORT                  it is about to be discarded or erased
///     replays IMPORT WEBHOOK        a delivery of it is about to be replayed
///     replayed IMPORT WEBHOOK       `replay` has returned
///     recovers WEBHOOK              what did not get there is about to be replayed
///     ready                         the dispatcher is at work
///     failed TEXT                   something that must not be
template <class... Words>
void report(const Words&... words) {
  std::string line;
  ((line += words, line += ' '), ...);
  line.back() = '\n';
  if (::write(STDOUT_FILENO, line.data(), line.size()) < 0) _exit(1);
}

}  // namespace hookline::crash
