#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "hookline/retention.hpp"

namespace hookline::simulation {

using std::chrono::milliseconds;

/// How a receiver takes requests.
enum class Mood {
  healthy,     ///< 200 within 400 ms
  slow,        ///< 200 after seconds
  failing,     ///< 500
  flaky,       ///< now 200, now 502
  throttling,  ///< 429 or 503 with a `retry-after`
  hanging,     ///< takes the connection and never answers
  dead,        ///< refuses the connection
  gone,        ///< 410
  unusable     ///< its address is one that policy refuses: no try can help
};

/// A webhook, or the basic webhooks of one tenant to one origin, with what stands behind the URL.
struct ReceiverPlan {
  int number = 0;  ///< `r3` in a script
  int tenant = 0;
  bool basic = false;
  std::size_t limit = 4;  ///< requests in flight
  milliseconds spacing{0};
  bool fifo = false;
};

/// What can happen to a world.
enum class Verb {
  dispatch,      ///< r…  key: an import of their tenant fires these; key 0 is none
  mood,          ///< r   mood
  pause,         ///< r
  open,          ///< r
  remove,        ///< r
  add,           ///< r   a removed one comes back
  limit,         ///< r   requests in flight
  spacing,       ///< r   ms from start to start
  fifo,          ///< r   0 or 1
  crash,         ///< i   ms until it starts again; negative: never
  stop,          ///< i   ms; as `crash`, but it is shut down in good order
  start,         ///< i   an instance that did not run yet
  freeze,        ///< i   ms in which the process gets no time
  store_fails,   ///<     ms in which the store fails
  store_slow,    ///<     ms in which the store takes seconds
  offline,       ///<     ms in which no request reaches anybody
  wall,          ///<     ms by which the wall clock is set forward or back
  replay,        ///< r   the n-th of its deliveries
  recover,       ///< r   what did not get there of the last so many ms
  discard,       ///< r   what waits for it
  erase,         ///< t   everything of the tenant
  erase_import,  ///< t   its n-th import
  pause_all,
  resume_all
};

struct Action {
  milliseconds at{0};  ///< since the world began
  Verb verb = Verb::dispatch;
  std::vector<int> who;  ///< receivers, an instance or a tenant, as the verb says
  std::int64_t number = 0;
  Mood mood = Mood::healthy;
};

/// A world as plain data: what there is, and what happens when. Everything else follows from it and
/// from the seed, so that a script is a whole test.
struct Script {
  std::uint64_t seed = 0;
  std::size_t max_in_flight = 16;
  std::size_t max_idle_lanes = 10'000;
  double jitter = 0.2;
  double store_failure = 0.02;  ///< the part of calls of the store that fail at any time
  std::vector<milliseconds> schedule;
  Retention retention;
  milliseconds settles{0};  ///< from then on everything works, so that everything must end
  std::vector<ReceiverPlan> receivers;
  std::vector<Action> actions;  ///< by time
};

[[nodiscard]] std::string to_text(const Script& script);

/// Reads what `to_text` writes; lines that begin with `#` say nothing. REQUIRES: such a text: a
/// line that cannot be read throws `std::runtime_error`, which fails the test.
[[nodiscard]] Script parse_script(std::string_view text);

}  // namespace hookline::simulation
