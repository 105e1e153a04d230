#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fakes/forwarding_store.hpp"

namespace hookline::fakes {

/// Another store, whose writes fail for as long as a test says: before they have taken place, or
/// after, which their caller is told as unknown.
class FailingStore final : public ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;

  std::atomic<bool> failing{false};
  std::atomic<bool> unknown{false};

  std::vector<Result<AppendedEvent>> append(std::vector<NewEvent> events,
                                            const Quotas& quotas) override {
    const std::size_t count = events.size();
    if (failing) return {count, Result<AppendedEvent>(disk_error())};
    auto results = inner().append(std::move(events), quotas);
    if (unknown) return {count, Result<AppendedEvent>(unknown_error())};
    return results;
  }
  Result<StoreReply> exchange(const StoreWork& work) override {
    return failing ? Result<StoreReply>(disk_error()) : inner().exchange(work);
  }
  Result<Delivery> replay(DeliveryId id, const Moment& now) override {
    return write<Delivery>([&] { return inner().replay(id, now); });
  }
  Result<StoreBite> recover(const RecoverQuery& query, const Moment& now) override {
    return write<StoreBite>([&] { return inner().recover(query, now); });
  }
  Result<StoreBite> discard(const DeliveryQuery& query, const std::string& reason,
                            const Moment& now) override {
    return write<StoreBite>([&] { return inner().discard(query, reason, now); });
  }
  Result<StoreBite> erase(const EraseQuery& query, std::size_t limit) override {
    return write<StoreBite>([&] { return inner().erase(query, limit); });
  }
  Result<void> set_paused(bool paused) override {
    return write<void>([&] { return inner().set_paused(paused); });
  }

 private:
  template <class T, class Call>
  Result<T> write(Call call) {
    if (failing) return disk_error();
    Result<T> result = call();
    if (unknown) return unknown_error();
    return result;
  }

  static tl::unexpected<Error> disk_error() {
    return tl::unexpected<Error>(Error{ErrorCode::store_failed, "store: the disk is gone"});
  }
  static tl::unexpected<Error> unknown_error() {
    return tl::unexpected<Error>(
        Error{ErrorCode::commit_unknown, "store: the disk failed under the commit"});
  }
};

}  // namespace hookline::fakes
