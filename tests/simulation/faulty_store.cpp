#include "simulation/faulty_store.hpp"

namespace hookline::simulation {
namespace {

Error failed() { return {ErrorCode::store_failed, "store: the disk is full, in this world"}; }
Error unknown() { return {ErrorCode::commit_unknown, "store: the disk failed under the commit"}; }

}  // namespace

template <class T, class Call, class Tell>
Result<T> FaultyStore::change(Call call, Tell tell) {
  const Fault fault = fault_();
  if (fault == Fault::fails) return tl::unexpected<Error>(failed());
  Result<T> result = call();
  if (result) tell(*result);
  if (result && fault == Fault::unknown) return tl::unexpected<Error>(unknown());
  return result;
}

std::vector<Result<AppendedEvent>> FaultyStore::append(std::vector<NewEvent> events,
                                                       const Quotas& quotas) {
  std::vector<Result<AppendedEvent>> results;
  for (NewEvent& event : events) {
    results.push_back(change<AppendedEvent>(
        [&] { return std::move(inner().append({event}, quotas).front()); },
        [&](const AppendedEvent& appended) { witness_.stored(instance_, event, appended); }));
  }
  return results;
}

Result<StoreReply> FaultyStore::exchange(const StoreWork& work) {
  return change<StoreReply>(
      [&] { return inner().exchange(work); },
      [&](const StoreReply& reply) { witness_.exchanged(instance_, work, reply); });
}

Result<Delivery> FaultyStore::replay(DeliveryId id, const Moment& now) {
  return change<Delivery>([&] { return inner().replay(id, now); },
                          [&](const Delivery& delivery) { witness_.replayed(delivery, now.due); });
}

Result<StoreBite> FaultyStore::recover(const RecoverQuery& query, const Moment& now) {
  return change<StoreBite>([&] { return inner().recover(query, now); },
                           [&](const StoreBite& bite) {
                             for (const Delivery& delivery : bite.deliveries) {
                               witness_.replayed(delivery, now.due);
                             }
                           });
}

Result<StoreBite> FaultyStore::discard(const DeliveryQuery& query, const std::string& reason,
                                       const Moment& now) {
  return change<StoreBite>(
      [&] { return inner().discard(query, reason, now); },
      [&](const StoreBite& bite) { witness_.discarded(query, reason, bite, now); });
}

Result<StoreBite> FaultyStore::erase(const EraseQuery& query, std::size_t limit) {
  return change<StoreBite>([&] { return inner().erase(query, limit); },
                           [&](const StoreBite& bite) { witness_.erased(query, bite); });
}

Result<void> FaultyStore::set_paused(bool paused) {
  const Fault fault = fault_();
  if (fault == Fault::fails) return tl::unexpected<Error>(failed());
  auto set = inner().set_paused(paused);
  if (set) witness_.set_paused(paused);
  if (set && fault == Fault::unknown) return tl::unexpected<Error>(unknown());
  return set;
}

}  // namespace hookline::simulation
