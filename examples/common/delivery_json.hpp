#pragma once

#include <hookline/delivery.hpp>

#include "common/json.hpp"

namespace examples {

/// The members of an object that tell how a delivery stands: `"message":…,"webhook":…,"url":…,
/// "status":…,"attempts":N,"http_status":…,"error":…`. `webhook` is null for the basic one; `url`,
/// `http_status` and `error` are where there is none.
void put_standing(Json& json, const hookline::Delivery& delivery);

}  // namespace examples
