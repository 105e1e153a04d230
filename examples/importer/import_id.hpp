#pragma once

#include <string>

namespace importer {

/// A random UUID (RFC 9562, version 4) in lower case.
std::string new_import_id();

}  // namespace importer
