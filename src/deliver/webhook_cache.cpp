#include "deliver/webhook_cache.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace hookline::detail {
namespace {

constexpr std::size_t kMostWebhooks = 4096;
constexpr std::size_t kFewWebhooks = 16;

Result<std::optional<Signer>> signer_of(const Webhook& webhook) {
  if (webhook.secrets.empty()) return std::nullopt;
  return Signer::from_secrets(webhook.secrets).map([](Signer signer) {
    return std::optional(std::move(signer));
  });
}

}  // namespace

std::shared_ptr<const PreparedWebhook> WebhookCache::prepare(
    const std::shared_ptr<const Webhook>& webhook) {
  const std::lock_guard lock(mutex_);
  const auto known = entries_.find(webhook.get());
  // Another webhook may stand at the address of one that is gone.
  if (known != entries_.end() && known->second.webhook.lock() == webhook) {
    return known->second.prepared;
  }
  auto prepared = std::make_shared<const PreparedWebhook>(
      PreparedWebhook{policy_.check_url(webhook->url), signer_of(*webhook)});
  if (!prepared->signer) return prepared;  // it may be possible the next time
  if (entries_.size() >= room_) make_room();
  entries_.insert_or_assign(webhook.get(), Entry{webhook, prepared});
  return prepared;
}

void WebhookCache::make_room() {
  for (auto each = entries_.begin(); each != entries_.end();) {
    each = each->second.webhook.expired() ? entries_.erase(each) : std::next(each);
  }
  if (entries_.size() >= kMostWebhooks) entries_.clear();
  room_ = std::min(kMostWebhooks, std::max(kFewWebhooks, 2 * entries_.size()));
}

}  // namespace hookline::detail
