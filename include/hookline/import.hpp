#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "hookline/export.hpp"

namespace hookline {

/// The person who made an import, as the importing page was told. What is absent is sent as null.
struct User {
  std::optional<std::string> id;
  std::optional<std::string> name;
  std::optional<std::string> email;
  std::optional<std::string> company_id;
  std::optional<std::string> company_name;
};

enum class ImportType { embedded, headless };

enum class ImportStatus { awaiting_upload, pending, running, successful, needs_review, failed };

/// The name on the wire: `EMBEDDED`, `HEADLESS`.
[[nodiscard]] HOOKLINE_API std::string_view to_string(ImportType type);

/// The name on the wire: `SUCCESSFUL`, `NEEDS_REVIEW`, …
[[nodiscard]] HOOKLINE_API std::string_view to_string(ImportStatus status);

/// What an importer knows when an import ends. A plain value; hookline copies what it keeps.
///
/// Text that is sent may hold any bytes: what is not UTF-8 is repaired with U+FFFD.
struct Import {
  std::string id;                       ///< required; sent as `data.id` and as `uploadId`
  std::optional<std::string> filename;  ///< absent if the data was typed in or supplied by program
  std::optional<User> user;
  std::chrono::system_clock::time_point created_date;  ///< when it was completed; not checked
  ImportType import_type = ImportType::embedded;
  ImportStatus status = ImportStatus::successful;
  std::uint64_t num_data_rows = 0;  ///< rows in the finished import
  bool development_mode = false;
  bool has_data = false;  ///< the results were saved and can be fetched

  /// Headless imports only, and required there: the JSON text that the *retrieve headless import*
  /// endpoint returns. It is not trusted; see `PayloadBuilder` for what is checked and removed.
  std::optional<std::string> headless;

  std::optional<std::string> import_identifier;  ///< matched on, never sent
  std::optional<std::string> saved_schema_id;    ///< matched on, never sent
  std::optional<std::string> webhook_url;        ///< the basic webhook of this import
  std::string tenant;                            ///< matched on, never sent; empty with one tenant
};

}  // namespace hookline
