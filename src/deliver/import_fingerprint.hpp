#pragma once

#include <string>

#include "hookline/import.hpp"

namespace hookline::detail {

/// 32 bytes that two imports share only if they are equal in every field: SHA-256 of all of them.
/// Empty if OpenSSL cannot hash.
[[nodiscard]] std::string fingerprint(const Import& import);

}  // namespace hookline::detail
