#pragma once

#include <cstddef>
#include <memory>

#include "hookline/delivery_store.hpp"
#include "hookline/export.hpp"

namespace hookline {

struct MemoryStoreOptions {
  std::size_t max_deliveries = 1'000'000;
  std::size_t max_bytes = 1024u * 1024 * 1024;  ///< of bodies and records, as estimated
};

/// A store for tests and for hosts that accept loss: it ends with the process.
///
/// It is bounded by count and by bytes. Finished deliveries leave first, the oldest of them before
/// the others; when only unfinished ones are left, `append` answers `store_full`.
class HOOKLINE_API MemoryStore final : public DeliveryStore {
 public:
  explicit MemoryStore(MemoryStoreOptions options = {});
  ~MemoryStore() override;

  std::vector<Result<AppendedEvent>> append(std::vector<NewEvent> events,
                                            const Quotas& quotas) override;
  Result<StoreReply> exchange(const StoreWork& work) override;
  Result<Delivery> replay(DeliveryId id, const Moment& now) override;
  Result<StoreBite> recover(const RecoverQuery& query, const Moment& now) override;
  Result<StoreBite> discard(const DeliveryQuery& query, const std::string& reason,
                            const Moment& now) override;
  Result<StoreBite> erase(const EraseQuery& query, std::size_t limit) override;
  Result<void> set_paused(bool paused) override;
  Result<Delivery> find(DeliveryId id) const override;
  Result<DeliveryPage> list(const DeliveryQuery& query) const override;
  Result<std::vector<Attempt>> attempts(DeliveryId id) const override;
  Result<LanePage> lanes(const LaneQuery& query) const override;
  Result<DeliveryCounts> counts(
      const std::optional<std::string>& tenant = std::nullopt) const override;
  Result<bool> has_unfinished(DeliveryId up_to) const override;
  Result<DeliveryId> newest() const override;
  Result<DueTime> last_time() const override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hookline
