#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>

#include "fakes/forwarding_store.hpp"
#include "harness/meter.hpp"

namespace hookline::bench {

/// Hands everything on to a store, and sees from the outcomes that pass through what has been
/// recorded and how long it took from the call of `dispatch`: the id of each import says when that
/// was (`timed_id`). Throws nothing; `failures` says how many outcomes were no success.
class WatchedStore final : public fakes::ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;

  /// Waits until this many deliveries are recorded; false if that takes longer than 30 seconds.
  bool wait_for(std::uint64_t recorded);
  [[nodiscard]] std::uint64_t recorded() const;
  [[nodiscard]] std::uint64_t failures() const;
  /// Those since the last call.
  [[nodiscard]] Latencies take_latencies();
  /// Waits no more than so long for more than `recorded`.
  void wait_for_more(std::uint64_t recorded, std::chrono::milliseconds most);

  Result<StoreReply> exchange(const StoreWork& work) override;

 private:
  mutable std::mutex mutex_;
  std::condition_variable more_;
  std::uint64_t recorded_ = 0;
  std::uint64_t failures_ = 0;
  Latencies latencies_;
};

/// An id for an import that is dispatched now.
[[nodiscard]] std::string timed_id();

}  // namespace hookline::bench
