#pragma once

#include <string>
#include <string_view>

#include "hookline/result.hpp"
#include "hookline/secret.hpp"

namespace hookline::detail {

/// The length of a key of AES-256, in bytes.
inline constexpr std::size_t kSealingKeyBytes = 32;

/// AES-256-GCM (NIST SP 800-38D): a nonce of 12 random bytes, the ciphertext, a tag of 16 bytes.
/// `bound` is not in it, and has to be the same when it is opened. REQUIRES: a key of 32 bytes.
/// `system_failed` if OpenSSL cannot work.
[[nodiscard]] Result<std::string> seal(const Secret& key, std::string_view bound,
                                       std::string_view plain);

/// `invalid_registry_document` if one byte of it, of the key or of `bound` is another.
[[nodiscard]] Result<Secret> open_sealed(const Secret& key, std::string_view bound,
                                         std::string_view sealed);

}  // namespace hookline::detail
