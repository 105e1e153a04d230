#pragma once

#include "store/sqlite_tables.hpp"

namespace hookline::detail {

/// Hands out what is due in a lane, as `LaneClaim` says.
[[nodiscard]] ClaimedLane claim_lane(SqliteTables& tables, const LaneClaim& wish,
                                     const StoreWork& work);

}  // namespace hookline::detail
