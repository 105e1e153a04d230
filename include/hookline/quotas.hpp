#pragma once

#include <cstdint>
#include <limits>

namespace hookline {

/// How much may be waiting. What goes over it is refused by `dispatch()` with
/// `ErrorCode::quota_exceeded`; what has been accepted is not touched.
struct Quotas {
  static constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();

  std::uint64_t pending = kUnlimited;  ///< deliveries without an outcome, in all
  /// Bytes that are still to be sent: each delivery without an outcome counts its body.
  std::uint64_t pending_bytes = kUnlimited;
  std::uint64_t pending_per_tenant = kUnlimited;
  std::uint64_t pending_bytes_per_tenant = kUnlimited;
};

}  // namespace hookline
