#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "hookline/delivery_store.hpp"
#include "hookline/export.hpp"
#include "hookline/webhook_store.hpp"

namespace hookline {

struct SqliteStoreOptions {
  /// The database file, on a local file system; created, for this user only, if it is not there.
  /// SQLite's `-wal` and `-shm` and a `.lock` stand beside it and belong to it.
  std::string path;
  /// How long a call waits for another process that is writing before it fails.
  std::chrono::milliseconds busy_timeout{5'000};
};

/// The durable store, in one file of its own. What it has accepted outlives the process and, once
/// `append` or a command has returned, the machine; outcomes may be lost to a power cut, which
/// costs a repeated request. What is being stored can be seen, and sent, a moment before `append`
/// returns.
///
/// Any number of processes, and of stores in one process, may have the file open; what one of them
/// has claimed no other hands out, and when one dies the others take over at once. It must be
/// reached by the same path everywhere, symbolic links aside, and by nothing else that writes.
///
/// Threads: concurrent calls share a commit; one of the calling threads makes it for all.
///
/// Errors: `store_failed` names the file and the way out. After the disk has failed, the next call
/// opens the file anew or brings its log to the disk once more, and fails if it cannot.
///
/// Fork: in a process that was forked every function answers `forked`; open the file anew there. A
/// child that does not exec keeps its parent's stores looking alive for as long as it lives.
///
/// End: the destructor waits for nothing but the disk. No other thread may be in a call.
class HOOKLINE_API SqliteStore final : public DeliveryStore {
 public:
  /// Brings what stands in the log (`-wal`) to the disk once more: 33 MB at most, unless somebody
  /// who reads keeps it from being emptied. `store_failed` if the file cannot be used, is of a
  /// newer version or of another program; `invalid_options`.
  [[nodiscard]] static Result<std::unique_ptr<SqliteStore>> open(SqliteStoreOptions options);
  ~SqliteStore() override;

  std::vector<Result<AppendedEvent>> append(std::vector<NewEvent> events,
                                            const Quotas& quotas) override;
  Result<StoreReply> exchange(const StoreWork& work) override;
  Result<Delivery> replay(DeliveryId id, const Moment& now) override;
  Result<StoreBite> recover(const RecoverQuery& query, const Moment& now) override;
  Result<StoreBite> discard(const DeliveryQuery& query, const std::string& reason,
                            const Moment& now) override;
  /// After the last bite nothing of it can be read in the files, either.
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
  std::shared_ptr<void> on_foreign_write(std::function<void()> changed) override;

  /// The webhooks in the same file, for `WebhookRegistry::open`. May outlive the store.
  [[nodiscard]] std::shared_ptr<WebhookStore> webhooks();

 private:
  struct State;
  class Webhooks;
  explicit SqliteStore(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace hookline
