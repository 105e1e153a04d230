#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "hookline/dispatcher.hpp"

namespace hookline::detail {

/// Imports that wait to be dispatched, and the thread that does it, all that wait at once, so that
/// they share a commit. The thread starts with the first import.
class AsyncQueue {
 public:
  using Done = std::function<void(Result<DispatchReceipt>)>;
  using Dispatch = std::function<std::vector<Result<DispatchReceipt>>(
      const std::vector<Import>&, const std::vector<DispatchOptions>&)>;

  AsyncQueue(Dispatch dispatch, std::size_t capacity)
      : dispatch_(std::move(dispatch)), capacity_(capacity) {}
  ~AsyncQueue();

  void push(Import import, Done done, DispatchOptions options);

  /// Takes no more, dispatches what waits, and ends the thread. Not from a `Done`.
  void finish();

 private:
  struct Batch {
    std::vector<Import> imports;
    std::vector<DispatchOptions> options;
    std::vector<Done> done;
  };

  [[nodiscard]] Result<void> accept(Import& import, Done& done, DispatchOptions& options);
  void run();

  const Dispatch dispatch_;
  const std::size_t capacity_;
  std::mutex mutex_;
  std::condition_variable changed_;
  Batch waiting_;
  bool finishing_ = false;
  std::thread thread_;
};

}  // namespace hookline::detail
