#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "hookline/export.hpp"
#include "hookline/result.hpp"
#include "hookline/secret.hpp"
#include "hookline/webhook_store.hpp"

namespace hookline {

/// A key that webhooks are sealed with: 32 random bytes, for AES-256.
struct SealingKey {
  std::string id;  ///< `[A-Za-z0-9_-]`, at most 64; stands in the store beside what it has sealed
  Secret bytes;    ///< the bytes themselves
};

/// A line for each key, its id and its bytes in base64, as `echo key-1 $(openssl rand -base64 32)`
/// makes one. Empty lines and those that begin with `#` count for nothing. `invalid_sealing_key`
/// names the line.
[[nodiscard]] HOOKLINE_API Result<std::vector<SealingKey>> read_sealing_keys(std::string_view text);

/// A `WebhookStore` in which webhooks stand sealed, so that whoever reads the file of the store, or
/// a backup of it, learns nothing of their headers, queries and secrets, and of their URLs only
/// what records of attempts say (`Attempt::url`). The whole document is sealed, under AES-256-GCM
/// with a random nonce, bound to the id and the revision of its webhook. Ids, revisions and the ids
/// of keys stay readable.
///
///     auto keys = hookline::read_sealing_keys(text_of_a_file_that_is_not_beside_the_store);
///     auto sealed = hookline::SealedWebhooks::create(store->webhooks(), *keys);
///     auto registry = hookline::WebhookRegistry::open(*sealed, policy);
///
/// Every process that opens the registry needs the keys. To change the key: give all of them the
/// new one behind the old one; then the new one first; then call `reseal`; then take the old one
/// out. What stood there unsealed is read as it is, and is sealed when it is written next, or by
/// `reseal`.
///
/// Errors: those of the store it stands on. What cannot be opened is a fault of its webhook
/// (`StoredWebhook::fault`): `sealing_key_missing`, or `invalid_registry_document` if it was
/// tampered with.
///
/// Threads: any, at any time. One key may seal 2^32 documents.
class HOOKLINE_API SealedWebhooks final : public WebhookStore {
 public:
  /// Seals with the first key, and opens with whichever was used. `invalid_sealing_key` if there is
  /// none, two have one id, or one is not 32 bytes. The store is shared.
  [[nodiscard]] static Result<std::shared_ptr<SealedWebhooks>> create(
      std::shared_ptr<WebhookStore> store, std::vector<SealingKey> keys);

  /// Gives the bytes of the key with this id, or says why not. Called from any thread, one call at
  /// a time; it may wait, and does not throw. Once it has answered for an id it is not asked again.
  using KeySource = std::function<Result<Secret>(const std::string& id)>;
  /// The same with keys that are asked for when they are needed, as from a service that keeps them.
  /// It is asked for `current` at once; its errors are passed on.
  [[nodiscard]] static Result<std::shared_ptr<SealedWebhooks>> create(
      std::shared_ptr<WebhookStore> store, std::string current, KeySource source);

  ~SealedWebhooks() override;

  [[nodiscard]] Result<WebhookChanges> changes(std::uint64_t since) const override;
  [[nodiscard]] Result<std::uint64_t> write(const std::vector<WebhookWrite>& writes) override;
  [[nodiscard]] Result<void> clear_traces() override;
  [[nodiscard]] std::shared_ptr<void> on_foreign_write(std::function<void()> changed) override;

  /// Seals what stands in the store under an older key or none with the current one, and says how
  /// many webhooks that were. Either all are, or none and an error says why; what cannot be opened
  /// is such an error. Others may change webhooks meanwhile. Then clears the traces of what stood
  /// there before; if that fails, repeat it.
  [[nodiscard]] Result<std::uint64_t> reseal();

 private:
  class Keys;
  SealedWebhooks(std::shared_ptr<WebhookStore> store, std::unique_ptr<Keys> keys);
  [[nodiscard]] Result<std::uint64_t> seal_anew();
  [[nodiscard]] Result<std::vector<WebhookWrite>> to_reseal() const;

  const std::shared_ptr<WebhookStore> store_;
  const std::unique_ptr<Keys> keys_;
};

}  // namespace hookline
