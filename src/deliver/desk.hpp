#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "deliver/delivery_core.hpp"
#include "deliver/inbox.hpp"
#include "deliver/registry_lanes.hpp"
#include "deliver/timeline.hpp"

namespace hookline::detail {

/// The core with its lock, and what the threads of a `Runner` tell each other. What happens comes
/// in through the inbox, and reaches the core when somebody has the lock anyway.
///
/// Threads: any. Under the lock are only the core, looks into the registry's snapshot, and the
/// clock: no I/O, no callback.
struct Desk {
  Desk(Timeline timeline, RegistryLanes lanes, const CoreOptions& options);

  /// A request that went out then has come to its end.
  void answered(DeliveryId id, SendResult result, DueTime sent_at);

  /// What came of an append. The core hears of it at once if nobody else has it, and the engine is
  /// woken only if something follows: while a lane has all its requests out, nothing does.
  void appended(Inbox::Contents news);

  /// Tells the core what has happened so far. REQUIRES: the lock.
  void catch_up();
  /// REQUIRES: the lock.
  void tell_core(Inbox::Contents& news);

  const Timeline timeline;
  const RegistryLanes lanes;
  const std::unique_ptr<Random> random;
  Inbox inbox;

  std::mutex mutex;                    ///< guards what follows
  std::condition_variable store_bell;  ///< there is work for the store
  std::condition_variable progress;    ///< something was recorded or came to rest
  DeliveryCore core;
  const StoreWork* work = nullptr;        ///< ordered, not taken up yet
  std::vector<DisableOrder> disables;     ///< likewise
  std::uint64_t rounds = 0;               ///< of work that were done
  DeliveryId newest = 0;                  ///< the greatest id that was accepted
  std::size_t appending = 0;              ///< dispatches that the core has not heard the end of
  bool carrying_out = false;              ///< the engine sends what it was ordered to
  DueTime engine_wakes = DueTime::min();  ///< by itself; the least if it is awake
  std::uint64_t turns = 0;                ///< of the engine: it has carried out what came before
  bool stopping = false;                  ///< nothing new is taken
  bool quit = false;                      ///< the threads are to end

 private:
  [[nodiscard]] bool engine_is_wanted() const;

  Inbox::Contents news_;  ///< for the room that it has; the lock guards it
};

/// The core, for whoever has something to tell it directly, when it has heard everything that
/// happened before. At the end the engine is called to see what follows.
class DeskSession {
 public:
  explicit DeskSession(Desk& desk);
  DeskSession(const DeskSession&) = delete;
  DeskSession& operator=(const DeskSession&) = delete;
  ~DeskSession();
  DeliveryCore* operator->() { return &desk_.core; }

 private:
  Desk& desk_;
  std::unique_lock<std::mutex> lock_;
};

}  // namespace hookline::detail
