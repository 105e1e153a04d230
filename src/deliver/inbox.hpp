#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <optional>
#include <vector>

#include "deliver/delivery_core.hpp"
#include "hookline/clock.hpp"
#include "hookline/delivery_store.hpp"

namespace hookline::detail {

/// What has happened, on its way to the core. Whoever knows of something puts it down and goes on;
/// the engine takes all of it at once. So nobody waits while the core is at work, and the engine is
/// woken only when it sleeps: to wake a thread costs more than most of what it is woken for.
///
/// What is taken out has to reach the core under the lock of the core: whoever talks to the core
/// must find there what was put down before.
///
/// Threads: any, at any time; one waits at a time.
class Inbox {
 public:
  struct Answer {
    DeliveryId id = 0;
    SendResult result;
    Moment at;  ///< when it came
  };

  struct Contents {
    std::vector<Answer> answers;
    std::vector<Claim> accepted;              ///< that were born leased
    std::vector<Claim> failed;                ///< that were not stored as such
    std::optional<DueTime> waits_until;       ///< what has to be claimed: when the first is due
    DeliveryId newest = 0;                    ///< the greatest id that was accepted
    std::size_t appends = 0;                  ///< that have ended
    std::optional<Result<StoreReply>> reply;  ///< to the round of work
  };

  void put(Answer answer);
  void put(Result<StoreReply> reply);
  /// What came of one append: all of `news` but the answers and the reply.
  void put(Contents news);

  /// Wakes whoever waits: the core was told something directly.
  void ring();

  /// Waits until something was put down or `ring` was called, at most so long, or for ever.
  void wait(std::optional<DueClock::duration> at_most);
  /// Takes out what is there. What stands in `contents` goes; only its room is used again.
  void take(Contents& contents);

  /// What comes in from now on comes too late, and is dropped.
  void close();

 private:
  template <class Put>
  void change(Put put);

  std::mutex mutex_;
  std::condition_variable bell_;
  Contents contents_;
  bool rung_ = false;  ///< since somebody waited last
  bool closed_ = false;
};

}  // namespace hookline::detail
