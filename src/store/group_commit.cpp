#include "store/group_commit.hpp"

#include <algorithm>

namespace hookline::detail {
namespace {

/// Bounds how long those who wait in a group wait for each other.
constexpr std::size_t kMostJobs = 256;

}  // namespace

void GroupCommit::run(CommitJob& job) {
  if (!comes_to_lead(job)) return;
  steps_.tidy();
  const Jobs jobs = take();  // its own is the first
  steps_.commit(jobs);
  hand_over(jobs.size());
  steps_.settle(jobs);
  for (CommitJob* each : jobs) {
    if (each != &job) sem_post(&each->wake_);  // which it goes with
  }
  const std::lock_guard lock(mutex_);
  settling_ -= jobs.size();
  call_leader();
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
  hand_over(0);
}

/// Waits for its turn to lead; false if somebody else's lead has done the job.
bool GroupCommit::comes_to_lead(CommitJob& job) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(&job);
    call_leader();
  }
  while (sem_wait(&job.wake_) != 0) {  // a signal has come between
  }
  return job.leads_;
}

void GroupCommit::hand_over(std::size_t settling) {
  const std::lock_guard lock(mutex_);
  led_ = false;
  settling_ += settling;
  call_leader();
}

/// Makes the first who waits the leader, if there is none and enough have gathered: half as many as
/// are on their way out, who will soon be back if they came for more. If nobody comes, it goes on
/// when those are out. REQUIRES: the lock.
void GroupCommit::call_leader() {
  const bool enough = 2 * waiting_.size() >= std::min(settling_, kMostJobs);
  if (led_ || waiting_.empty() || !enough) return;
  led_ = true;
  waiting_.front()->leads_ = true;
  sem_post(&waiting_.front()->wake_);
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
