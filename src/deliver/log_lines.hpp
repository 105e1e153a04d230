#pragma once

#include <string>

#include "deliver/delivery_core.hpp"
#include "hookline/logger.hpp"

namespace hookline::detail {

/// How a lane is called in a log: by its webhook or its origin, and its tenant.
[[nodiscard]] std::string name_of(const LaneKey& lane);

[[nodiscard]] LogLevel level_of(Remark::Kind kind);
/// One printable line.
[[nodiscard]] std::string line_of(const Remark& remark);

}  // namespace hookline::detail
