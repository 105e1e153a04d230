#pragma once

#include <string>

#include "hookline/import.hpp"

namespace hookline::bench {

/// A headless document of about a MiB as an importer gives it: errors of rows with a stranger's
/// cells, numbers, links that are to be removed.
[[nodiscard]] std::string large_document();

/// A headless import with this document.
[[nodiscard]] Import headless_import(std::string document);

/// RapidJSON's reader straight into its writer, with hookline's flags.
[[nodiscard]] std::string copied(const std::string& document);

}  // namespace hookline::bench
