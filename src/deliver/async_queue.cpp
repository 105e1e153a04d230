#include "deliver/async_queue.hpp"

#include <utility>

#include "base/fail.hpp"
#include "base/thread.hpp"

namespace hookline::detail {

AsyncQueue::~AsyncQueue() {
  finish();
  if (thread_.joinable()) thread_.join();
}

Result<void> AsyncQueue::push(Import& import, Done& done, DispatchOptions& options) {
  const std::lock_guard lock(mutex_);
  if (finishing_) {
    return fail(ErrorCode::shut_down, "dispatcher: it has been shut down and takes nothing more");
  }
  if (waiting_.imports.size() >= capacity_) {
    return fail(ErrorCode::overloaded,
                "dispatch_async: {} imports wait already; try again later, or raise async_queue",
                capacity_);
  }
  if (!thread_.joinable()) {
    auto thread = start_thread("hookline-accept", [this] { run(); });
    if (!thread) return tl::unexpected<Error>(thread.error());
    thread_ = std::move(*thread);
  }
  waiting_.imports.push_back(std::move(import));
  waiting_.options.push_back(std::move(options));
  waiting_.done.push_back(std::move(done));
  changed_.notify_all();
  return {};
}

void AsyncQueue::finish() {
  std::unique_lock lock(mutex_);
  finishing_ = true;
  changed_.notify_all();
  if (!thread_.joinable() || thread_.get_id() == std::this_thread::get_id()) return;
  changed_.wait(lock, [&] { return ended_; });
}

void AsyncQueue::run() {
  for (Batch batch = next_batch(); !batch.imports.empty(); batch = next_batch()) {
    auto receipts = dispatch_(batch.imports, batch.options);
    for (std::size_t i = 0; i < receipts.size(); ++i) batch.done[i](std::move(receipts[i]));
  }
}

/// Empty at the end.
AsyncQueue::Batch AsyncQueue::next_batch() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return finishing_ || !waiting_.imports.empty(); });
  if (waiting_.imports.empty()) {
    ended_ = true;
    changed_.notify_all();
  }
  return std::exchange(waiting_, Batch());
}

}  // namespace hookline::detail
