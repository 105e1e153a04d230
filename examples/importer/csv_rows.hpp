#pragma once

#include <cstdint>
#include <string>

#include "common/checked.hpp"

namespace importer {

/// Counts the data rows of a CSV file, reading it as a stream: the first row is the header, lines
/// without anything in them are no rows. Rows may differ in length. Any encoding that has ASCII in
/// it will do; UTF-16 and UTF-32 are refused.
///
/// Faults name the file and the line: a quote that is never closed, text after a closing quote, a
/// NUL byte, a field of more than 16 MiB.
examples::Checked<std::uint64_t> count_data_rows(const std::string& path);

}  // namespace importer
