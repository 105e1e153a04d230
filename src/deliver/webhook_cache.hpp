#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>

#include "hookline/address_policy.hpp"
#include "hookline/signer.hpp"
#include "hookline/webhook.hpp"

namespace hookline::detail {

/// What every request to a webhook takes of it.
struct PreparedWebhook {
  Result<CheckedUrl> url;
  Result<std::optional<Signer>> signer;  ///< none: it has no secrets
};

/// Prepares webhooks, once for each state of a webhook and not for each request: to read a key
/// takes as long as to sign with it. What is kept of webhooks that have changed or were removed is
/// never more than what is kept of others, or of 16.
///
/// Threads: any, at any time.
class WebhookCache {
 public:
  explicit WebhookCache(AddressPolicy policy) : policy_(std::move(policy)) {}

  [[nodiscard]] std::shared_ptr<const PreparedWebhook> prepare(
      const std::shared_ptr<const Webhook>& webhook);

 private:
  struct Entry {
    std::weak_ptr<const Webhook> webhook;
    std::shared_ptr<const PreparedWebhook> prepared;
  };

  void make_room();

  const AddressPolicy policy_;
  std::mutex mutex_;
  std::unordered_map<const Webhook*, Entry> entries_;
  std::size_t room_ = 0;  ///< for so many entries, until they are looked through
};

}  // namespace hookline::detail
