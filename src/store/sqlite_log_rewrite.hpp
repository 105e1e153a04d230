#pragma once

#include <cstddef>

namespace hookline::detail {

enum class LogRewrite {
  done,
  damaged,  ///< what stands there is not what was written
  failed,   ///< see errno
};

/// Writes the first `frames` of a log (WAL) of SQLite to the place where they stand, so that the
/// next sync has them all to bring to the disk, whatever became of earlier ones. Each is held
/// against its checksum before.
///
/// REQUIRES: nobody else writes into the log, and it has so many frames.
[[nodiscard]] LogRewrite rewrite_log(int file, std::size_t frames);

}  // namespace hookline::detail
