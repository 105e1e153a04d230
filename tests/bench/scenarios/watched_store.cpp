#include "scenarios/watched_store.hpp"

#include <atomic>
#include <cstdlib>
#include <utility>

namespace hookline::bench {
namespace {

std::int64_t ticks_now() { return Steady::now().time_since_epoch().count(); }

}  // namespace

std::string timed_id() {
  static std::atomic<std::uint64_t> last{0};
  return std::to_string(ticks_now()) + '-' + std::to_string(last.fetch_add(1) + 1'000'000'000);
}

Result<StoreReply> WatchedStore::exchange(const StoreWork& work) {
  auto reply = inner().exchange(work);
  if (!reply || work.outcomes.empty()) return reply;
  const std::int64_t now = ticks_now();
  const std::lock_guard lock(mutex_);
  for (const Outcome& outcome : work.outcomes) {
    if (outcome.kind == Outcome::Kind::released) continue;  // unsent, at the end
    if (outcome.kind != Outcome::Kind::delivered) {
      ++failures_;
      continue;
    }
    ++recorded_;
    latencies_.add(Steady::duration(now - std::atoll(outcome.claim.import_id.c_str())));
  }
  more_.notify_all();
  return reply;
}

bool WatchedStore::wait_for(std::uint64_t recorded) {
  std::unique_lock lock(mutex_);
  return more_.wait_for(lock, std::chrono::seconds(30), [&] { return recorded_ >= recorded; });
}

void WatchedStore::wait_for_more(std::uint64_t recorded, std::chrono::milliseconds most) {
  std::unique_lock lock(mutex_);
  more_.wait_for(lock, most, [&] { return recorded_ > recorded; });
}

std::uint64_t WatchedStore::recorded() const {
  const std::lock_guard lock(mutex_);
  return recorded_;
}

std::uint64_t WatchedStore::failures() const {
  const std::lock_guard lock(mutex_);
  return failures_;
}

Latencies WatchedStore::take_latencies() {
  const std::lock_guard lock(mutex_);
  return std::exchange(latencies_, Latencies());
}

}  // namespace hookline::bench
