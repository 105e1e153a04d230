#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fakes/forwarding_store.hpp"
#include "hookline/memory_store.hpp"

namespace hookline::simulation {

/// A memory store that somebody has got at: each of these, where it is set, changes what comes in
/// or goes out. It is how a test breaks a promise on purpose.
class TamperedStore final : public fakes::ForwardingStore {
 public:
  struct Hands {
    std::function<void(NewEvent&)> event;
    std::function<void(DeliveryStore&, const NewEvent&)> stored;
    std::function<void(StoreWork&)> work;
    /// With the work as it was asked for.
    std::function<void(const StoreWork&, StoreReply&)> reply;
    std::function<void(EraseQuery&)> erasure;
  };

  explicit TamperedStore(Hands hands)
      : ForwardingStore(std::make_shared<MemoryStore>()), hands_(std::move(hands)) {}

  std::vector<Result<AppendedEvent>> append(std::vector<NewEvent> events,
                                            const Quotas& quotas) override {
    for (NewEvent& event : events) {
      if (hands_.event) hands_.event(event);
    }
    auto results = inner().append(events, quotas);
    for (const NewEvent& event : events) {
      if (hands_.stored) hands_.stored(inner(), event);
    }
    return results;
  }

  Result<StoreReply> exchange(const StoreWork& work) override {
    StoreWork changed = work;
    if (hands_.work) hands_.work(changed);
    auto reply = inner().exchange(changed);
    if (reply && hands_.reply) hands_.reply(work, *reply);
    return reply;
  }

  Result<StoreBite> erase(const EraseQuery& query, std::size_t limit) override {
    EraseQuery changed = query;
    if (hands_.erasure) hands_.erasure(changed);
    return inner().erase(changed, limit);
  }

 private:
  const Hands hands_;
};

}  // namespace hookline::simulation
