#pragma once

#include <cstddef>

namespace hookline::detail {

// The log (WAL) of SQLite: https://www.sqlite.org/fileformat2.html#walformat

constexpr std::size_t kLogHeader = 32;
constexpr std::size_t kFrameHeader = 24;  ///< in front of each page

}  // namespace hookline::detail
