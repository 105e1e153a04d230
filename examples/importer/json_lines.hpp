#pragma once

#include <hookline/delivery.hpp>
#include <hookline/dispatch_receipt.hpp>
#include <string>

namespace importer {

/// `{"import":…,"event":…,"message":…,"deliveries":N}` and a line break.
std::string accepted_line(const hookline::DispatchReceipt& receipt);

/// `{"message":…,"webhook":…,"url":…,"status":…,"attempts":N,"http_status":…,"error":…}` and a line
/// break. `webhook` is null for the basic one; `url`, `http_status` and `error` are where there is
/// none.
std::string outcome_line(const hookline::Delivery& delivery);

}  // namespace importer
