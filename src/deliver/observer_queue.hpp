#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "hookline/observer.hpp"
#include "hookline/result.hpp"

namespace hookline::detail {

/// Brings news to an observer on a thread of its own. Full means dropped and counted: an observer
/// that is slow never holds deliveries up.
class ObserverQueue {
 public:
  using News = std::function<void(Observer&)>;

  /// Without an observer everything is dropped at once and not counted.
  ObserverQueue(std::shared_ptr<Observer> observer, std::size_t capacity);
  ~ObserverQueue();

  [[nodiscard]] Result<void> start();
  void push(News news);
  [[nodiscard]] bool listens() const { return observer_ != nullptr; }
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

  /// Takes no more news and waits until the rest is told, until the deadline at most; what is left
  /// then is dropped. Called from a callback, it does not wait.
  void finish(std::chrono::steady_clock::time_point deadline);

 private:
  void run();

  const std::shared_ptr<Observer> observer_;
  const std::size_t capacity_;
  std::atomic<std::uint64_t> dropped_{0};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<News> queue_;
  bool finishing_ = false;
  bool idle_ = true;
  std::thread thread_;
};

}  // namespace hookline::detail
