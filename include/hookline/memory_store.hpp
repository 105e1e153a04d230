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

  std::vector<Result<std::vector<DeliveryId>>> append(std::vector<NewEvent> events) override;
  Result<StoreReply> exchange(const StoreWork& work) override;
  Result<Delivery> replay(DeliveryId id, std::chrono::system_clock::time_point created_at,
                          DueTime due) override;
  Result<Delivery> find(DeliveryId id) const override;
  Result<DeliveryPage> list(const DeliveryQuery& query) const override;
  Result<std::vector<Attempt>> attempts(DeliveryId id) const override;
  Result<DeliveryCounts> counts() const override;
  Result<bool> has_unfinished(DeliveryId up_to) const override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hookline
