#pragma once

#include <cstddef>

namespace hookline::detail {

struct LogRewrite {
  enum class Kind {
    done,
    damaged,  ///< what stands there is not what was written
    failed,
  };
  Kind kind = Kind::done;
  int reason = 0;  ///< an errno, for `failed`
};

/// Writes the first `frames` of a log (WAL) of SQLite to the place where they stand, so that the
/// next sync has them all to bring to the disk, whatever became of earlier ones. Each is held
/// against its checksum before. As SQLite does, it takes a disk for one that harms nothing beside
/// what it writes when the power goes.
///
/// REQUIRES: nobody else writes into the log, and it has so many frames, one at least.
[[nodiscard]] LogRewrite rewrite_log(int file, std::size_t frames);

}  // namespace hookline::detail
