#include "deliver/observer_queue.hpp"

#include <utility>

#include "base/thread.hpp"

namespace hookline {

Observer::~Observer() = default;
void Observer::on_dispatch(const DispatchReceipt&) {}
void Observer::on_attempt(const Delivery&, const Attempt&) {}
void Observer::on_outcome(const Delivery&) {}
void Observer::on_webhook_disabled(const Webhook&) {}

Logger::~Logger() = default;

std::string_view to_string(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warning:
      return "warning";
    case LogLevel::error:
      return "error";
  }
  return "unknown";
}

namespace detail {

ObserverQueue::ObserverQueue(std::shared_ptr<Observer> observer, std::shared_ptr<Logger> logger,
                             std::size_t capacity)
    : observer_(std::move(observer)), logger_(std::move(logger)), capacity_(capacity) {}

ObserverQueue::~ObserverQueue() {
  finish(std::chrono::steady_clock::now());
  if (thread_.joinable()) thread_.join();
}

Result<void> ObserverQueue::start() {
  if (!listens() && !logs()) return {};
  auto thread = start_thread("hookline-observ", [this] { run(); });
  if (!thread) return tl::unexpected<Error>(thread.error());
  thread_ = std::move(*thread);
  return {};
}

void ObserverQueue::push(News news) {
  if (listens()) enqueue([this, news = std::move(news)] { news(*observer_); });
}

void ObserverQueue::log(LogLevel level, std::string message) {
  if (logs()) enqueue([this, level, text = std::move(message)] { logger_->log(level, text); });
}

void ObserverQueue::enqueue(Telling telling) {
  const std::lock_guard lock(mutex_);
  if (finishing_ || queue_.size() >= capacity_) {
    ++dropped_;
    return;
  }
  queue_.push_back(std::move(telling));
  changed_.notify_all();
}

void ObserverQueue::finish(std::chrono::steady_clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  finishing_ = true;
  changed_.notify_all();
  if (!is_own_thread()) {
    changed_.wait_until(lock, deadline, [&] { return queue_.empty() && idle_; });
  }
  dropped_ += queue_.size();
  queue_.clear();
}

void ObserverQueue::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return finishing_ || !queue_.empty(); });
    if (queue_.empty()) return;
    const Telling tell = std::move(queue_.front());
    queue_.pop_front();
    idle_ = false;
    lock.unlock();
    tell();
    lock.lock();
    idle_ = true;
    if (finishing_) changed_.notify_all();
  }
}

}  // namespace detail
}  // namespace hookline
