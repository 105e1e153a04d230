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
/// Threads: any, at any time; one waits at a time.
class Inbox {
 public:
  struct Answer {
    DeliveryId id = 0;
    SendResult result;
    Moment at;  ///< when it came
  };

  /// What became of a delivery that was given to the store.
  struct Stored {
    bool is_there = false;
    DeliveryId id = 0;
    DueTime due{};
    std::optional<Claim> claim;  ///< if a slot was kept for it, which is free if it is not there
  };

  struct Contents {
    std::vector<Answer> answers;
    std::vector<Stored> stored;
    std::size_t appends = 0;                  ///< that have ended
    std::optional<Result<StoreReply>> reply;  ///< to the round of work
  };

  void put(Answer answer);
  void put(Result<StoreReply> reply);
  /// What came of one append: all of `news` but the answers and the reply.
  void put(Contents news);

  /// Wakes whoever waits: the core was told something directly.
  void ring();

  /// Waits until there is something or `ring` was called, at most so long, or for ever; then
  /// replaces `contents` by what is there.
  void wait(std::optional<DueClock::duration> at_most, Contents& contents);
  /// What is there now.
  [[nodiscard]] Contents take();

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
