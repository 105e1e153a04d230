#pragma once

#include <optional>
#include <string_view>

#include "hookline/export.hpp"
#include "hookline/import.hpp"
#include "hookline/result.hpp"

namespace hookline {

/// What a managed webhook is told.
enum class Event { import_completed, headless_import_needs_review, headless_import_failed };

/// The name on the wire, which is that of the enumerator.
[[nodiscard]] HOOKLINE_API std::string_view to_string(Event event);

/// The event of that name, or nothing.
[[nodiscard]] HOOKLINE_API std::optional<Event> event_from_string(std::string_view name);

/// The event that this import raises:
///
/// | import                             | event                          |
/// |------------------------------------|--------------------------------|
/// | successful, embedded or headless   | `import_completed`             |
/// | headless and needs_review          | `headless_import_needs_review` |
/// | headless and failed                | `headless_import_failed`       |
///
/// Anything else is `ErrorCode::no_event_for_state`, and the message names the state.
[[nodiscard]] HOOKLINE_API Result<Event> event_of(const Import& import);

}  // namespace hookline
