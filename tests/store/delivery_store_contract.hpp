#pragma once

#include <functional>
#include <memory>

#include "hookline/delivery_store.hpp"

namespace hookline::fakes {

/// What every `DeliveryStore` has to promise, checked on stores that `create` makes, each empty.
/// Call it from a test case of the store's own file.
void check_delivery_store_contract(const std::function<std::unique_ptr<DeliveryStore>()>& create);

}  // namespace hookline::fakes
