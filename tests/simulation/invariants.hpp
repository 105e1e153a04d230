#pragma once

#include <cstddef>
#include <string>

#include "simulation/facts.hpp"
#include "simulation/promise.hpp"

/// What must hold, one small check for each promise at each place where it could be broken. A check
/// looks at the facts as they were before what it is asked about, and changes nothing.
namespace hookline::simulation {

// --- An event that is stored ---------------------------------------------------------------------

/// The same key of the same tenant stores its event once, as long as the key is kept.
[[nodiscard]] Finding event_is_stored_once(const Facts& facts, const NewEvent& event,
                                           const AppendedEvent& appended);

/// Nobody is told that something is accepted which is not in the store.
[[nodiscard]] Finding was_stored(const Facts& facts, DeliveryId id);

// --- A claim that the store hands out ------------------------------------------------------------

/// A claim is handed out only when the lease before it has ended, for a delivery without an
/// outcome.
[[nodiscard]] Finding claim_is_exclusive(const Facts& facts, const Claim& claim, DueTime now);
/// Nothing is handed out before it is due, unless it is to be discarded.
[[nodiscard]] Finding claim_is_due(const Facts& facts, const Claim& claim, const LaneClaim& wish,
                                   DueTime now);
/// A claim comes from the lane that was asked for, with the event and body that were stored.
[[nodiscard]] Finding claim_is_of_its_tenant(const Facts& facts, const Claim& claim,
                                             const LaneKey& asked);
/// A claim says how many tries have counted; released ones have not.
[[nodiscard]] Finding claim_counts_tries(const Facts& facts, const Claim& claim);

// --- A request that the core orders --------------------------------------------------------------

/// What has ended is not sent again.
[[nodiscard]] Finding is_not_over(const Facts& facts, const Claim& claim);
/// Nothing is sent before its time.
[[nodiscard]] Finding is_due(const Facts& facts, int instance, const Claim& claim);
/// A lease is good for one request, and for one whose answer can be recorded before it ends.
[[nodiscard]] Finding lease_is_good(const Facts& facts, int instance, const Claim& claim);
/// Nothing goes to a lane that is closed or gone, or while everything is paused.
[[nodiscard]] Finding lane_is_open(const Facts& facts, int instance, int receiver);
/// The lane and the instance have no more requests out than they may.
[[nodiscard]] Finding limits_hold(const Facts& facts, int instance, int receiver);
/// Requests of a lane start as far apart as its rate limit says.
[[nodiscard]] Finding spacing_holds(const Facts& facts, int instance, int receiver);
/// A lane without a recent success has one request out at most.
[[nodiscard]] Finding trial_holds(const Facts& facts, int instance, int receiver);
/// A lane whose breaker is open, or whose receiver asked for a pause, gets no request.
[[nodiscard]] Finding rest_holds(const Facts& facts, int instance, int receiver);
/// In order, a delivery goes when all before it have ended.
[[nodiscard]] Finding order_holds(const Facts& facts, DeliveryId id);

// --- An outcome ----------------------------------------------------------------------------------

/// An outcome is recorded if, and only if, it comes under the lease that holds.
[[nodiscard]] Finding fence_holds(const Facts& facts, const Outcome& outcome, bool recorded);
/// What follows an answer is what the schedule and the receiver's `retry-after` say.
[[nodiscard]] Finding outcome_is_scheduled(const Facts& facts, int instance,
                                           const Outcome& outcome);
/// A try that did not reach anybody since the sender is offline does not count; every other does.
[[nodiscard]] Finding try_counts_rightly(const Facts& facts, int instance, const Outcome& outcome);
/// A delivery that was not sent, or that waits for its turn, goes back as it was.
[[nodiscard]] Finding release_changes_nothing(const Facts& facts, int instance,
                                              const Outcome& outcome);
/// A delivery is discarded because its webhook was removed, and for no other reason of the core's.
[[nodiscard]] Finding discard_has_a_reason(const Facts& facts, const Outcome& outcome);

// --- What the core says, and how it is -----------------------------------------------------------

/// A webhook is disabled after a 410, or after five days without a success.
[[nodiscard]] Finding disable_has_a_reason(const Facts& facts, int instance, int receiver);
/// The sender is offline when three receivers in a row were not there, and nobody has answered
/// since.
[[nodiscard]] Finding offline_is_right(const Facts& facts, int instance,
                                       const detail::DeliveryCore& core);
/// The host hears of an outcome when it is recorded, and of the one that was.
[[nodiscard]] Finding notice_is_true(const Facts& facts, const detail::Notice& notice);
/// The core holds a bounded number of claims and lanes, and knows what is out.
[[nodiscard]] Finding memory_is_bounded(const Facts& facts, int instance,
                                        const detail::DeliveryCore& core);

// --- Now and then, and at the end ----------------------------------------------------------------

/// An open lane with something due and nothing in its way gets a request within minutes.
[[nodiscard]] Finding lane_makes_progress(const Facts& facts, const DeliveryStore& store,
                                          int receiver);
/// What was accepted has ended, once, and the store says so too, as long as it keeps the record.
[[nodiscard]] Finding delivery_came_to_its_end(const Facts& facts, const DeliveryStore& store,
                                               DeliveryId id);

}  // namespace hookline::simulation
