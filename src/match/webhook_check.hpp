#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hookline/address_policy.hpp"
#include "hookline/webhook.hpp"

namespace hookline::detail {

/// The longest name of a tenant, in bytes, of webhooks and of imports.
inline constexpr std::size_t kMaxTenant = 256;

/// What stands in the JSON form in the place of a secret that is not shown.
inline constexpr std::string_view kRedacted = "[redacted]";

/// Every rule that a webhook breaks, each as `field: what is wrong, and the way out`, with the
/// place in lists (`headers[2].name`, `secrets[0]`). Empty if it can be stored. Never shows a
/// secret.
[[nodiscard]] std::vector<std::string> faults_of(const Webhook& webhook,
                                                 const AddressPolicy& policy);

/// Faults as one line, joined by `; `. Beyond fifty only their number is told.
[[nodiscard]] std::string joined(const std::vector<std::string>& faults);

/// Why a text cannot be kept: it must be UTF-8 without NUL, which is what JSON and databases give
/// back unchanged, and not too long.
[[nodiscard]] std::optional<std::string> text_fault(std::string_view text, std::size_t max_bytes);

/// Disables a webhook that breaks a rule today, with the faults as the reason; one that was
/// disabled before keeps its own. The faults, if there are any.
[[nodiscard]] std::optional<std::string> disable_if_faulty(Webhook& webhook,
                                                           const AddressPolicy& policy);

/// A reason stands beside the state `disabled` and nowhere else.
void settle_state(Webhook& webhook);

/// The limit of `Webhook::disabled_reason`, in bytes.
inline constexpr std::size_t kMaxReason = 4096;

/// A reason from wherever, fit to be kept: repaired with U+FFFD and cut.
[[nodiscard]] std::string fit_reason(std::string_view reason);

}  // namespace hookline::detail
