#include "hookline/event.hpp"

#include <array>

#include "base/fail.hpp"

namespace hookline {

std::string_view to_string(ImportType type) {
  return type == ImportType::headless ? "HEADLESS" : "EMBEDDED";
}

std::string_view to_string(ImportStatus status) {
  switch (status) {
    case ImportStatus::awaiting_upload:
      return "AWAITING_UPLOAD";
    case ImportStatus::pending:
      return "PENDING";
    case ImportStatus::running:
      return "RUNNING";
    case ImportStatus::successful:
      return "SUCCESSFUL";
    case ImportStatus::needs_review:
      return "NEEDS_REVIEW";
    case ImportStatus::failed:
      return "FAILED";
  }
  return "unknown";
}

std::string_view to_string(Event event) {
  switch (event) {
    case Event::import_completed:
      return "import_completed";
    case Event::headless_import_needs_review:
      return "headless_import_needs_review";
    case Event::headless_import_failed:
      return "headless_import_failed";
  }
  return "unknown";
}

std::optional<Event> event_from_string(std::string_view name) {
  constexpr std::array<Event, 3> kEvents = {
      Event::import_completed, Event::headless_import_needs_review, Event::headless_import_failed};
  for (const Event event : kEvents) {
    if (to_string(event) == name) return event;
  }
  return std::nullopt;
}

Result<Event> event_of(const Import& import) {
  const bool headless = import.import_type == ImportType::headless;
  if (!headless && import.import_type != ImportType::embedded) {
    return detail::fail(ErrorCode::invalid_import, "import_type: {} is no type of import",
                        static_cast<int>(import.import_type));
  }
  if (import.status == ImportStatus::successful) return Event::import_completed;
  if (headless && import.status == ImportStatus::needs_review) {
    return Event::headless_import_needs_review;
  }
  if (headless && import.status == ImportStatus::failed) return Event::headless_import_failed;
  return detail::fail(ErrorCode::no_event_for_state,
                      "status: an import of type {} in state {} raises no event; dispatch it when "
                      "it is SUCCESSFUL{}",
                      to_string(import.import_type), to_string(import.status),
                      headless ? ", NEEDS_REVIEW or FAILED" : "");
}

}  // namespace hookline
