#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hookline::simulation {

/// What the engine promises, and a world watches over.
enum class Promise {
  one_outcome,  ///< a delivery ends once, and an ended one is not sent again
  never_early,  ///< nothing is sent before it is due, in time that really has passed
  schedule,     ///< what follows an answer is what the schedule says, and tries are counted right
  one_try_a_lease,  ///< a claim is one worker's alone, and good for one request
  limits,           ///< no more requests are out than the lane and the instance may have
  spacing,          ///< requests of a lane start so far apart
  trial,            ///< a lane without a recent success gets one request at a time
  rest,             ///< a lane whose breaker is open, or that was asked to wait, gets none
  free_tries,       ///< neither a breaker nor a sender without a network costs a try
  order,            ///< what is fifo stays in order
  closed,           ///< nothing goes to a lane that is closed or gone, or while all is paused
  repeatable,       ///< a dispatch that is repeated under its key is stored once
  nothing_lost,     ///< what was accepted comes to its end
  tenants_apart,    ///< nothing of one tenant reaches another, by request or by command
  bounded,          ///< memory does not grow with the backlog
  progress,         ///< what can be sent is sent soon, and nobody is woken for nothing
  truth,            ///< what the host is told is what was recorded
  reasons           ///< webhooks are disabled, and deliveries discarded, for a reason that holds
};

[[nodiscard]] std::string_view to_string(Promise promise);

/// A promise that was broken.
struct Violation {
  Promise promise = Promise::one_outcome;
  std::string what;
};

/// What a check has found: nothing, or a line about what is wrong.
using Finding = std::optional<std::string>;

}  // namespace hookline::simulation
