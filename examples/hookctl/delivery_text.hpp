#pragma once

#include <hookline/hookline.hpp>
#include <string>
#include <vector>

#include "common/json.hpp"

namespace hookctl {

/// An object of all that is known of a delivery, in the place that the document is at.
void put(examples::Json& json, const hookline::Delivery& delivery);
void put(examples::Json& json, const hookline::Attempt& attempt);

/// For people: a table of deliveries, and all of a single one.
std::string table_of(const std::vector<hookline::Delivery>& deliveries);
std::string text_of(const hookline::Delivery& delivery,
                    const std::vector<hookline::Attempt>& attempts);

}  // namespace hookctl
