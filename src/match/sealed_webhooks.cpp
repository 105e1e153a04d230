#include "hookline/sealed_webhooks.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <unordered_set>
#include <utility>

#include "base/byte_codec.hpp"
#include "base/fail.hpp"
#include "base/text.hpp"
#include "match/sealed_document.hpp"
#include "sign/base64.hpp"
#include "sign/seal.hpp"

namespace hookline {

using detail::fail;
using detail::quoted;

namespace {

constexpr std::size_t kMaxKeyIdBytes = 64;

bool is_key_id(std::string_view id) {
  const auto allowed = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  };
  return !id.empty() && id.size() <= kMaxKeyIdBytes && std::all_of(id.begin(), id.end(), allowed);
}

tl::unexpected<Error> unfit_key_id(const std::string& id) {
  return fail(ErrorCode::invalid_sealing_key, "key id {}: must be 1 to {} of A-Z a-z 0-9 _ -",
              quoted(id, 2 * kMaxKeyIdBytes), kMaxKeyIdBytes);
}

Result<void> check_key(const std::string& id, const Secret& bytes) {
  if (!is_key_id(id)) return unfit_key_id(id);
  if (bytes.reveal().size() != detail::kSealingKeyBytes) {
    return fail(ErrorCode::invalid_sealing_key, "key {}: has {} bytes; {} random ones are needed",
                id, bytes.reveal().size(), detail::kSealingKeyBytes);
  }
  return {};
}

/// What a document is bound to: moved to another webhook, or to another revision, it does not open.
std::string bound_to(const StoredWebhook& webhook) {
  detail::ByteWriter bound;
  bound.text(detail::kSealedMark);
  bound.text(std::string_view(webhook.id));
  bound.number(webhook.revision);
  return bound.take();
}

struct SealedParts {
  std::string key_id;
  std::string_view sealed;
};

/// REQUIRES: `is_sealed(document)`.
SealedParts parts_of(std::string_view document) {
  detail::ByteReader reader(document.substr(detail::kSealedMark.size()));
  SealedParts parts;
  parts.key_id = reader.text();
  parts.sealed = reader.rest();
  return parts;
}

}  // namespace

/// The keys that are known, and where others come from.
class SealedWebhooks::Keys {
 public:
  Keys(std::string current, KeySource source)
      : current_(std::move(current)), source_(std::move(source)) {}

  [[nodiscard]] const std::string& current() const { return current_; }

  [[nodiscard]] Result<Secret> find(const std::string& id) {
    const std::lock_guard lock(mutex_);
    const auto known = known_.find(id);
    if (known != known_.end()) return known->second;
    // It may come from the store, where anything can stand: the host is not to be asked for that.
    if (!is_key_id(id)) return fail(ErrorCode::invalid_registry_document, "it names no key");
    auto bytes = source_(id);
    if (!bytes) return bytes;
    if (auto checked = check_key(id, *bytes); !checked) return tl::unexpected(checked.error());
    return known_.emplace(id, *std::move(bytes)).first->second;
  }

  [[nodiscard]] Result<std::string> seal(const StoredWebhook& webhook) {
    auto key = find(current_);
    if (!key) return tl::unexpected(std::move(key).error());
    return detail::seal(*key, bound_to(webhook), webhook.document.reveal())
        .map([&](const std::string& sealed) {
          detail::ByteWriter id;
          id.text(std::string_view(current_));
          return std::string(detail::kSealedMark) + id.take() + sealed;
        });
  }

  [[nodiscard]] Result<Secret> open(const StoredWebhook& webhook) {
    const SealedParts parts = parts_of(webhook.document.reveal());
    auto key = find(parts.key_id);
    if (!key) return tl::unexpected(std::move(key).error());
    return detail::open_sealed(*key, bound_to(webhook), parts.sealed);
  }

 private:
  const std::string current_;
  const KeySource source_;
  std::mutex mutex_;
  std::map<std::string, Secret> known_;
};

SealedWebhooks::SealedWebhooks(std::shared_ptr<WebhookStore> store, std::unique_ptr<Keys> keys)
    : store_(std::move(store)), keys_(std::move(keys)) {}

SealedWebhooks::~SealedWebhooks() = default;

Result<std::shared_ptr<SealedWebhooks>> SealedWebhooks::create(std::shared_ptr<WebhookStore> store,
                                                               std::vector<SealingKey> keys) {
  if (keys.empty()) return fail(ErrorCode::invalid_sealing_key, "keys: there is none; give one");
  std::string current = keys.front().id;
  std::map<std::string, Secret> by_id;
  for (SealingKey& key : keys) {
    if (auto checked = check_key(key.id, key.bytes); !checked) {
      return tl::unexpected(std::move(checked).error());
    }
    if (!by_id.emplace(key.id, std::move(key.bytes)).second) {
      return fail(ErrorCode::invalid_sealing_key, "key {}: stands twice; take one out", key.id);
    }
  }
  return create(std::move(store), std::move(current),
                [by_id = std::move(by_id)](const std::string& id) -> Result<Secret> {
                  const auto found = by_id.find(id);
                  if (found != by_id.end()) return found->second;
                  return fail(ErrorCode::sealing_key_missing,
                              "it is sealed with key {}, which is not among those given; give that "
                              "one too",
                              quoted(id, kMaxKeyIdBytes));
                });
}

Result<std::shared_ptr<SealedWebhooks>> SealedWebhooks::create(std::shared_ptr<WebhookStore> store,
                                                               std::string current,
                                                               KeySource source) {
  if (!is_key_id(current)) return unfit_key_id(current);
  auto keys = std::make_unique<Keys>(std::move(current), std::move(source));
  if (auto key = keys->find(keys->current()); !key) {
    return tl::unexpected(std::move(key).error());
  }
  return std::shared_ptr<SealedWebhooks>(new SealedWebhooks(std::move(store), std::move(keys)));
}

Result<WebhookChanges> SealedWebhooks::changes(std::uint64_t since) const {
  auto changes = store_->changes(since);
  if (!changes) return changes;
  for (StoredWebhook& webhook : changes->webhooks) {
    if (!detail::is_sealed(webhook.document.reveal())) continue;
    auto opened = keys_->open(webhook);
    if (!opened) webhook.fault = opened.error();
    webhook.document = opened ? *std::move(opened) : Secret();
  }
  return changes;
}

Result<std::uint64_t> SealedWebhooks::write(const std::vector<WebhookWrite>& writes) {
  std::vector<WebhookWrite> sealed;
  sealed.reserve(writes.size());
  for (const WebhookWrite& write : writes) {
    WebhookWrite& each = sealed.emplace_back();
    each.from_revision = write.from_revision;
    each.webhook.id = write.webhook.id;
    each.webhook.revision = write.webhook.revision;
    if (write.webhook.document.empty()) continue;
    auto document = keys_->seal(write.webhook);
    if (!document) return tl::unexpected(std::move(document).error());
    each.webhook.document = Secret(*std::move(document));
  }
  return store_->write(sealed);
}

std::shared_ptr<void> SealedWebhooks::on_foreign_write(std::function<void()> changed) {
  return store_->on_foreign_write(std::move(changed));
}

Result<void> SealedWebhooks::clear_traces() { return store_->clear_traces(); }

Result<std::uint64_t> SealedWebhooks::reseal() {
  auto count = seal_anew();
  if (!count) return count;
  if (auto cleared = clear_traces(); !cleared) return tl::unexpected(std::move(cleared).error());
  return count;
}

Result<std::uint64_t> SealedWebhooks::seal_anew() {
  constexpr int kTries = 5;
  for (int tries = 1;; ++tries) {
    auto writes = to_reseal();
    if (!writes) return tl::unexpected(std::move(writes).error());
    if (writes->empty()) return 0;
    auto written = write(*writes);
    if (written) return writes->size();
    const bool outrun = written.error().code == ErrorCode::revision_conflict && tries < kTries;
    if (!outrun) return written;
  }
}

/// What is not sealed with the current key, opened.
Result<std::vector<WebhookWrite>> SealedWebhooks::to_reseal() const {
  const auto stored = store_->changes(0);
  if (!stored) return tl::unexpected(stored.error());
  std::vector<WebhookWrite> writes;
  for (const StoredWebhook& webhook : stored->webhooks) {
    const std::string_view document = webhook.document.reveal();
    const bool sealed = detail::is_sealed(document);
    if (document.empty() || (sealed && parts_of(document).key_id == keys_->current())) continue;
    auto opened = sealed ? keys_->open(webhook) : Result<Secret>(webhook.document);
    if (!opened) {
      return fail(opened.error().code, "webhook {}: {}", quoted(webhook.id, 128),
                  opened.error().message);
    }
    WebhookWrite& write = writes.emplace_back();
    write.webhook = {webhook.id, webhook.revision, *std::move(opened), std::nullopt};
    write.from_revision = webhook.revision;
  }
  return writes;
}

namespace {

/// `key-1 MDEy…`. Nothing of the line is shown: where the id was forgotten, a key stands in its
/// place.
Result<SealingKey> read_sealing_key(std::string_view line) {
  const std::size_t space = std::min(line.find(' '), line.size());
  const std::string_view id = line.substr(0, space);
  const auto bytes = detail::decode_base64(line.substr(std::min(space + 1, line.size())));
  if (!is_key_id(id) || !bytes || bytes->empty()) {
    return fail(ErrorCode::invalid_sealing_key,
                "must be the id of a key (1 to {} of A-Z a-z 0-9 _ -), a space, and 32 bytes in "
                "base64",
                kMaxKeyIdBytes);
  }
  if (bytes->size() != detail::kSealingKeyBytes) {
    return fail(ErrorCode::invalid_sealing_key, "the key has {} bytes; {} random ones are needed",
                bytes->size(), detail::kSealingKeyBytes);
  }
  return SealingKey{std::string(id), Secret(std::string(bytes->begin(), bytes->end()))};
}

}  // namespace

Result<std::vector<SealingKey>> read_sealing_keys(std::string_view text) {
  std::vector<SealingKey> keys;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.empty() || line.front() == '#') continue;
    auto key = read_sealing_key(line);
    if (!key) {
      return fail(ErrorCode::invalid_sealing_key, "line {}: {}", number, key.error().message);
    }
    keys.push_back(*std::move(key));
  }
  return keys;
}

}  // namespace hookline
