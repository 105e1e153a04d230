#include "store/group_commit.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace hookline::detail {
namespace {

/// Bounds how long those who wait in a group wait for each other.
constexpr std::size_t kMostJobs = 256;

/// What a step throws tells of a lack of memory. It must not pass those who wait for the leader;
/// what has come of their jobs nobody can tell. The text is short enough to need no memory.
void try_step(const std::function<void(const CommitJobs&)>& step, const CommitJobs& jobs) {
  try {
    step(jobs);
  } catch (const std::exception&) {
    for (CommitJob* job : jobs) {
      if (job->result) job->fail({ErrorCode::commit_unknown, "out of memory"});
    }
  }
}

}  // namespace

void CommitJobs::push_back(CommitJob& job) {
  job.next_ = nullptr;
  (last_ == nullptr ? first_ : last_->next_) = &job;
  last_ = &job;
  ++size_;
}

CommitJob& CommitJobs::pop_front() {
  CommitJob& job = *first_;
  first_ = std::exchange(job.next_, nullptr);
  if (first_ == nullptr) last_ = nullptr;
  --size_;
  return job;
}

void GroupCommit::run(CommitJob& job) {
  switch (stand_in_line(job)) {
    case CommitJob::Role::done:
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
    take_first();
  }
  try {
    work();
  } catch (...) {
    hand_over(0);
    throw;
  }
  hand_over(0);
}

/// Stands in line until it is told what to do.
CommitJob::Role GroupCommit::stand_in_line(CommitJob& job) {
  {
    const std::lock_guard lock(mutex_);
    line_.push_back(job);
    if (!job.durable) ++hasty_;
    call_leader();
  }
  while (sem_wait(&job.wake_) != 0) {  // a signal has come between
  }
  return job.role_;
}

void GroupCommit::tell(CommitJob& job, CommitJob::Role role) {
  job.role_ = role;
  sem_post(&job.wake_);  // from here on the job may be gone
}

/// Whoever does not care for the disk goes at once, the leader too: another settles the rest.
void GroupCommit::lead(CommitJob& own) {
  try_step([&](const CommitJobs& /*none*/) { steps_.tidy(); }, {});
  CommitJobs jobs = take();  // its own is the first
  try_step(steps_.commit, jobs);
  CommitJobs quick;
  CommitJobs settling;
  while (!jobs.empty()) {
    CommitJob& job = jobs.pop_front();
    (job.durable ? settling : quick).push_back(job);
  }
  hand_over(settling.size());
  for (CommitJob* job : quick) {
    if (job != &own) tell(*job, CommitJob::Role::done);
  }
  if (settling.empty()) return;
  if (own.durable) return settle(own, settling);
  CommitJob& first = settling.front();
  first.group_ = settling;
  tell(first, CommitJob::Role::settles);
}

void GroupCommit::settle(const CommitJob& own, const CommitJobs& jobs) {
  try_step(steps_.settle, jobs);
  for (CommitJob* job : jobs) {
    if (job != &own) tell(*job, CommitJob::Role::done);
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
/// are on their way to the disk, who will soon be back if they came for more, or half of
/// `kMostJobs`. If nobody comes, it goes on when those are out; and at once if somebody waits who
/// does not care for the disk.
/// REQUIRES: the lock.
void GroupCommit::call_leader() {
  const bool enough = hasty_ > 0 || 2 * line_.size() >= std::min(settling_, kMostJobs);
  if (led_ || line_.empty() || !enough) return;
  led_ = true;
  tell(line_.front(), CommitJob::Role::leads);
}

/// Those in line, up to the first that is to be alone.
CommitJobs GroupCommit::take() {
  const std::lock_guard lock(mutex_);
  CommitJobs jobs;
  while (!line_.empty() && !line_.front().alone_ && jobs.size() < kMostJobs) {
    jobs.push_back(take_first());
  }
  return jobs;
}

/// REQUIRES: the lock.
CommitJob& GroupCommit::take_first() {
  CommitJob& job = line_.pop_front();
  if (!job.durable) --hasty_;
  return job;
}

}  // namespace hookline::detail
