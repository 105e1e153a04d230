#include "store/group_commit.hpp"

#include <algorithm>

namespace hookline::detail {
namespace {

/// Bounds how long those who wait in a group wait for each other.
constexpr std::size_t kMostJobs = 256;

}  // namespace

void GroupCommit::run(CommitJob& job) {
  switch (stand_in_line(job)) {
    case CommitJob::Role::none:
      return;
    case CommitJob::Role::leads:
      return lead(job);
    case CommitJob::Role::settles:
      return settle(job, job.group_);
  }
}

void GroupCommit::run_alone(const std::function<void()>& work) {
  CommitJob job;
  job.durable = false;
  job.alone_ = true;
  static_cast<void>(stand_in_line(job));  // nobody else does it
  {
    const std::lock_guard lock(mutex_);
    take_out(1);
  }
  work();
  hand_over(0);
}

/// Stands in line until it is told what to do.
CommitJob::Role GroupCommit::stand_in_line(CommitJob& job) {
  {
    const std::lock_guard lock(mutex_);
    line_.push_back(&job);
    if (!job.durable) ++hasty_;
    call_leader();
  }
  while (sem_wait(&job.wake_) != 0) {  // a signal has come between
  }
  return job.role_;
}

void GroupCommit::tell(CommitJob& job, CommitJob::Role role) {
  job.role_ = role;
  sem_post(&job.wake_);  // which it may go with
}

/// Whoever does not care for the disk goes at once, the leader too: another settles the rest.
void GroupCommit::lead(CommitJob& own) {
  steps_.tidy();
  Jobs jobs = take();  // its own is the first
  steps_.commit(jobs);
  const auto durable = std::stable_partition(jobs.begin(), jobs.end(),
                                             [](const CommitJob* job) { return !job->durable; });
  Jobs settling(durable, jobs.end());
  jobs.erase(durable, jobs.end());
  hand_over(settling.size());
  for (CommitJob* job : jobs) {
    if (job != &own) tell(*job, CommitJob::Role::none);
  }
  if (settling.empty()) return;
  if (own.durable) return settle(own, settling);
  CommitJob& first = *settling.front();
  first.group_ = std::move(settling);
  tell(first, CommitJob::Role::settles);
}

void GroupCommit::settle(const CommitJob& own, const Jobs& jobs) {
  steps_.settle(jobs);
  for (CommitJob* job : jobs) {
    if (job != &own) tell(*job, CommitJob::Role::none);
  }
  const std::lock_guard lock(mutex_);
  settling_ -= jobs.size();
  call_leader();
}

void GroupCommit::hand_over(std::size_t settling) {
  const std::lock_guard lock(mutex_);
  led_ = false;
  settling_ += settling;
  call_leader();
}

/// Makes the first in line the leader, if there is none and enough have gathered: half as many as
/// are on their way to the disk, who will soon be back if they came for more. If nobody comes, it
/// goes on when those are out; and at once if somebody waits who does not care for the disk.
/// REQUIRES: the lock.
void GroupCommit::call_leader() {
  const bool enough = hasty_ > 0 || 2 * line_.size() >= std::min(settling_, kMostJobs);
  if (led_ || line_.empty() || !enough) return;
  led_ = true;
  tell(*line_.front(), CommitJob::Role::leads);
}

/// Those in line, up to the first that is to be alone.
GroupCommit::Jobs GroupCommit::take() {
  const std::lock_guard lock(mutex_);
  const auto most = static_cast<std::ptrdiff_t>(std::min(line_.size(), kMostJobs));
  const auto end = std::find_if(line_.begin(), line_.begin() + most,
                                [](const CommitJob* job) { return job->alone_; });
  return take_out(end - line_.begin());
}

/// REQUIRES: the lock.
GroupCommit::Jobs GroupCommit::take_out(std::ptrdiff_t count) {
  Jobs jobs(line_.begin(), line_.begin() + count);
  line_.erase(line_.begin(), line_.begin() + count);
  for (const CommitJob* job : jobs) hasty_ -= job->durable ? 0 : 1;
  return jobs;
}

}  // namespace hookline::detail
