#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "hookline/dispatch_receipt.hpp"

namespace hookline::detail {

/// A receipt as bytes, as they stand beside an idempotency key. They begin with the version of
/// their form: versions are added, never changed.
[[nodiscard]] std::string encode_receipt(const DispatchReceipt& receipt);

/// Nothing if the bytes are not a receipt in a form that this version knows.
[[nodiscard]] std::optional<DispatchReceipt> decode_receipt(std::string_view bytes);

}  // namespace hookline::detail
