#include "store/group_commit.hpp"

#include <algorithm>
#include <cstddef>

namespace hookline::detail {
namespace {

/// Bounds how long those who wait in a group wait for each other.
constexpr std::size_t kMostJobs = 256;

}  // namespace

void GroupCommit::run(CommitJob& job) {
  if (!comes_to_lead(job)) return;
  lead(job);
  hand_over();
}

void GroupCommit::run_alone(const std::function<void()>& work) {
  CommitJob job;
  job.alone_ = true;
  static_cast<void>(comes_to_lead(job));  // nobody else does it
  {
    const std::lock_guard lock(mutex_);
    waiting_.pop_front();
  }
  work();
  hand_over();
}

/// Waits for its turn to lead; false if somebody else's lead has done the job.
bool GroupCommit::comes_to_lead(CommitJob& job) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(&job);
    if (!led_) {
      led_ = true;
      return true;
    }
  }
  while (sem_wait(&job.wake_) != 0) {  // a signal has come between
  }
  return job.leads_;
}

/// REQUIRES: its own job is the first that waits.
void GroupCommit::lead(const CommitJob& own) {
  const Jobs jobs = take();
  commit_(jobs);
  for (CommitJob* job : jobs) {
    if (job != &own) sem_post(&job->wake_);  // which it goes with
  }
  tidy_();
}

void GroupCommit::hand_over() {
  CommitJob* next = nullptr;
  {
    const std::lock_guard lock(mutex_);
    led_ = !waiting_.empty();
    if (!led_) return;
    next = waiting_.front();
  }
  next->leads_ = true;
  sem_post(&next->wake_);
}

/// What waits, up to the first that is to be alone.
GroupCommit::Jobs GroupCommit::take() {
  const std::lock_guard lock(mutex_);
  const auto most = std::min(waiting_.size(), kMostJobs);
  const auto end =
      std::find_if(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(most),
                   [](const CommitJob* job) { return job->alone_; });
  Jobs jobs(waiting_.begin(), end);
  waiting_.erase(waiting_.begin(), end);
  return jobs;
}

}  // namespace hookline::detail
