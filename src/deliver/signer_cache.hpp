#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "hookline/signer.hpp"
#include "hookline/webhook.hpp"

namespace hookline::detail {

/// The signers of webhooks, which are made once for each state of a webhook and not for each
/// request: to read a key takes as long as to sign with it. What is kept of
/// webhooks that have changed or were removed is never more than what is kept of others, or of 16.
///
/// Threads: any, at any time.
class SignerCache {
 public:
  /// The errors of `Signer::from_secrets`.
  [[nodiscard]] Result<Signer> signer_of(const std::shared_ptr<const Webhook>& webhook);

 private:
  struct Entry {
    std::weak_ptr<const Webhook> webhook;
    Signer signer;
  };

  void make_room();

  std::mutex mutex_;
  std::unordered_map<const Webhook*, Entry> entries_;
  std::size_t room_ = 0;  ///< for so many entries, until they are looked through
};

}  // namespace hookline::detail
