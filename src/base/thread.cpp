#include "base/thread.hpp"

#include <pthread.h>
#include <signal.h>

#include <system_error>
#include <utility>

#include "base/fail.hpp"

namespace hookline::detail {
namespace {

/// Blocks all signals of the calling thread while it lives: a thread inherits the mask of the one
/// that starts it, so there is no moment in which the new one could be hit.
class AllSignalsBlocked {
 public:
  AllSignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~AllSignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  AllSignalsBlocked(const AllSignalsBlocked&) = delete;
  AllSignalsBlocked& operator=(const AllSignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

}  // namespace

Result<std::thread> start_thread(const char* name, std::function<void()> run) {
  const AllSignalsBlocked blocked;
  try {
    return std::thread([name, run = std::move(run)] {
      pthread_setname_np(pthread_self(), name);
      run();
    });
  } catch (const std::system_error& error) {
    return fail(ErrorCode::system_failed, "thread {}: {}", name, error.what());
  }
}

}  // namespace hookline::detail
