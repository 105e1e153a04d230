#include "deliver/signer_cache.hpp"

#include <algorithm>
#include <iterator>

namespace hookline::detail {
namespace {

constexpr std::size_t kMostSigners = 4096;
constexpr std::size_t kFewSigners = 16;

}  // namespace

Result<Signer> SignerCache::signer_of(const std::shared_ptr<const Webhook>& webhook) {
  const std::lock_guard lock(mutex_);
  const auto known = entries_.find(webhook.get());
  // Another webhook may stand at the address of one that is gone.
  if (known != entries_.end() && known->second.webhook.lock() == webhook) {
    return known->second.signer;
  }
  auto signer = Signer::from_secrets(webhook->secrets);
  if (!signer) return signer;
  if (entries_.size() >= room_) make_room();
  entries_.insert_or_assign(webhook.get(), Entry{webhook, *signer});
  return signer;
}

void SignerCache::make_room() {
  for (auto each = entries_.begin(); each != entries_.end();) {
    each = each->second.webhook.expired() ? entries_.erase(each) : std::next(each);
  }
  if (entries_.size() >= kMostSigners) entries_.clear();
  room_ = std::min(kMostSigners, std::max(kFewSigners, 2 * entries_.size()));
}

}  // namespace hookline::detail
