#pragma once

#include <memory>

#include "hookline/delivery_store.hpp"

namespace hookline::fakes {

/// Two stores that must answer the same to everything: a model, and the one that is tested against
/// it. Every difference fails the test that runs; the answers are those of the tested one. Numbers
/// of lanes may differ, and where exactly the next bite of a command begins. For one thread.
[[nodiscard]] std::unique_ptr<DeliveryStore> twins(std::unique_ptr<DeliveryStore> model,
                                                   std::unique_ptr<DeliveryStore> tested);

}  // namespace hookline::fakes
