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
#include <string>
#include <thread>

#include "hookline/logger.hpp"
#include "hookline/observer.hpp"
#include "hookline/result.hpp"

namespace hookline::detail {

/// Brings news to an observer, and lines to a logger, on a thread of its own. Full means dropped
/// and counted: an observer that is slow never holds deliveries up.
class ObserverQueue {
 public:
  using News = std::function<void(Observer&)>;

  /// What is for one that is null is dropped at once and not counted.
  ObserverQueue(std::shared_ptr<Observer> observer, std::shared_ptr<Logger> logger,
                std::size_t capacity);
  ~ObserverQueue();

  [[nodiscard]] Result<void> start();
  void push(News news);
  void log(LogLevel level, std::string message);
  [[nodiscard]] bool listens() const { return observer_ != nullptr; }
  [[nodiscard]] bool logs() const { return logger_ != nullptr; }
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

  /// Takes no more news and waits until the rest is told, until the deadline at most; what is left
  /// then is dropped. Called from a callback, it does not wait.
  void finish(std::chrono::steady_clock::time_point deadline);

  /// Whether the caller is in a callback.
  [[nodiscard]] bool is_own_thread() const {
    return std::this_thread::get_id() == thread_.get_id();
  }

 private:
  using Telling = std::function<void()>;
  void enqueue(Telling telling);
  void run();

  const std::shared_ptr<Observer> observer_;
  const std::shared_ptr<Logger> logger_;
  const std::size_t capacity_;
  std::atomic<std::uint64_t> dropped_{0};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Telling> queue_;
  bool finishing_ = false;
  bool idle_ = true;
  std::thread thread_;
};

}  // namespace hookline::detail
