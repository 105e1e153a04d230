#include "deliver/desk.hpp"

#include <algorithm>
#include <chrono>
#include <random>
#include <utility>

namespace hookline::detail {
namespace {

class SeededRandom final : public Random {
 public:
  double unit() override { return std::uniform_real_distribution<double>(0.0, 1.0)(engine_); }

 private:
  std::mt19937_64 engine_{std::random_device{}()};
};

}  // namespace

Desk::Desk(Timeline the_timeline, RegistryLanes the_lanes, const CoreOptions& options)
    : timeline(std::move(the_timeline)),
      lanes(std::move(the_lanes)),
      random(std::make_unique<SeededRandom>()),
      core(options, lanes, *random) {}

void Desk::answered(DeliveryId id, SendResult result, DueTime sent_at) {
  const Moment now = timeline.now();
  result.duration = std::chrono::floor<std::chrono::milliseconds>(now.due - sent_at);
  inbox.put(Inbox::Answer{id, std::move(result), now});
}

void Desk::appended(Inbox::Contents news) {
  std::unique_lock lock(mutex, std::defer_lock);
  if (!core.delivers()) {
    lock.lock();  // nobody is to be woken
  } else if (!lock.try_lock()) {
    return inbox.put(std::move(news));
  }
  catch_up();
  tell_core(news);
  if (stopping) progress.notify_all();
  const bool wanted = engine_is_wanted();
  lock.unlock();
  if (wanted) inbox.ring();
}

/// An engine that is awake looks once more before it sleeps. REQUIRES: the lock.
bool Desk::engine_is_wanted() const {
  if (engine_wakes == DueTime::min()) return false;
  return core.has_orders() || core.wake_at().value_or(DueTime::max()) < engine_wakes;
}

void Desk::catch_up() {
  inbox.take(news_);
  tell_core(news_);
}

void Desk::tell_core(Inbox::Contents& news) {
  newest = std::max(newest, news.newest);
  for (Claim& claim : news.accepted) core.accepted(std::move(claim));
  for (const Claim& claim : news.failed) {
    core.cancel_reservation(claim.lane, claim.body->size());
  }
  if (news.waits_until) core.waiting(*news.waits_until);
  appending -= news.appends;
  // Before the answers: one whose lease has ended meanwhile counts under the new one.
  if (news.reply) {
    core.exchanged(*std::move(news.reply), timeline.now());
    ++rounds;
    progress.notify_all();
  }
  for (Inbox::Answer& answer : news.answers) {
    core.answered(answer.id, std::move(answer.result), answer.at);
  }
}

DeskSession::DeskSession(Desk& desk) : desk_(desk), lock_(desk.mutex) { desk_.catch_up(); }

DeskSession::~DeskSession() {
  lock_.unlock();
  desk_.inbox.ring();
}

}  // namespace hookline::detail
