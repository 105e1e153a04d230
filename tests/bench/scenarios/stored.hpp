#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "hookline/hookline.hpp"

/// What a dispatcher hands to a store, for sides that have none.
namespace hookline::bench {

[[nodiscard]] Moment moment_now();

/// An event with so many deliveries, which go to webhooks 0, 1, … and are sent at once.
[[nodiscard]] NewEvent event_of(std::uint64_t number, const Moment& now,
                                std::shared_ptr<const std::string> body,
                                std::size_t deliveries = 1);

/// That the delivery to this webhook was sent, and answered with 200.
[[nodiscard]] Outcome success_of(DeliveryId id, std::size_t webhook, const Moment& now,
                                 const std::string& url);

/// Records outcomes. Throws `std::runtime_error` if one of them was not.
void record(DeliveryStore& store, std::vector<Outcome> outcomes, const Moment& now);

}  // namespace hookline::bench
