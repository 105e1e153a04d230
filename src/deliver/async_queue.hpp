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

  /// `overloaded`, `shut_down` or `system_failed`: then all three are left as they are.
  [[nodiscard]] Result<void> push(Import& import, Done& done, DispatchOptions& options);

  /// Takes no more and waits until what is there is dispatched. From a `Done` it does not wait.
  void finish();

 private:
  struct Batch {
    std::vector<Import> imports;
    std::vector<DispatchOptions> options;
    std::vector<Done> done;
  };

  void run();
  [[nodiscard]] Batch next_batch();

  const Dispatch dispatch_;
  const std::size_t capacity_;
  std::mutex mutex_;
  std::condition_variable changed_;
  Batch waiting_;
  bool finishing_ = false;
  bool ended_ = false;  ///< the thread calls nobody any more
  std::thread thread_;
};

}  // namespace hookline::detail
