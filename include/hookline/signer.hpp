#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "hookline/export.hpp"
#include "hookline/result.hpp"
#include "hookline/secret.hpp"

namespace hookline {

/// Signs requests as Standard Webhooks 1.0 asks: `whsec_` secrets (24 to 64 bytes) give `v1`,
/// HMAC-SHA256; `whsk_` keys (the seed of RFC 8032, 32 bytes, alone or with the public key behind
/// it) give `v1a`, Ed25519. What follows the prefix is base64 with its padding. Immutable, usable
/// from many threads at once.
class HOOKLINE_API Signer {
 public:
  /// One signature for each secret, in this order. `ErrorCode::invalid_secret` says which one
  /// (`secrets[1]`) and what is wrong with it, without showing it. None at all is an error too.
  /// The strings are wiped. `system_failed` if OpenSSL cannot work, as in `sign` and `verify`.
  [[nodiscard]] static Result<Signer> create(std::vector<std::string> secrets);
  /// The same for secrets that a webhook or `generate_secret` keeps.
  [[nodiscard]] static Result<Signer> from_secrets(const std::vector<Secret>& secrets);

  Signer(const Signer&);
  Signer(Signer&&) noexcept;
  Signer& operator=(const Signer&);
  Signer& operator=(Signer&&) noexcept;
  ~Signer();

  /// The value of the `webhook-signature` header over `id.timestamp.body`.
  /// `invalid_message_id` if the id is not 1 to 128 of `[A-Za-z0-9_-]`: a dot in it would let two
  /// messages share a signature. `invalid_timestamp` (seconds since 1970) if it is negative.
  [[nodiscard]] Result<std::string> sign(std::string_view id, std::int64_t timestamp,
                                         std::string_view body) const;

 private:
  class Keys;
  explicit Signer(std::shared_ptr<const Keys> keys);
  std::shared_ptr<const Keys> keys_;
};

/// The three headers of a received webhook, as they came.
struct SignatureHeaders {
  std::string id;
  std::string timestamp;
  std::string signature;
};

/// For receivers: whether one of the secrets signed this body. `whsec_` secrets and `whsk_` or
/// `whpk_` (public) keys; comparison in constant time. The timestamp may be off by `tolerance` both
/// ways. One signature that matches is enough; those of unknown versions are passed over.
///
/// Errors, in the order of the checks: `invalid_secret`, `invalid_message_id`, `invalid_timestamp`,
/// `timestamp_too_old`, `timestamp_too_new`, `invalid_signature`.
[[nodiscard]] HOOKLINE_API Result<void> verify(
    const std::vector<std::string>& secrets, const SignatureHeaders& headers, std::string_view body,
    std::chrono::system_clock::time_point now,
    std::chrono::seconds tolerance = std::chrono::minutes(5));

/// A new `whsec_` secret of 32 random bytes.
[[nodiscard]] HOOKLINE_API Result<Secret> generate_secret();

}  // namespace hookline
