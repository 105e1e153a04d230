#pragma once

#include <semaphore.h>

#include <deque>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

#include "hookline/result.hpp"

namespace hookline::detail {

struct SqliteTables;

/// Something to be done in a transaction, on its caller's stack. It runs again if the transaction
/// that it shared with others is repeated, so it takes nothing out of its inputs.
struct CommitJob {
  CommitJob() { sem_init(&wake_, 0, 0); }
  CommitJob(const CommitJob&) = delete;
  CommitJob& operator=(const CommitJob&) = delete;
  ~CommitJob() { sem_destroy(&wake_); }

  std::function<void(SqliteTables&)> run;
  bool durable = true;  ///< must be on the disk before `GroupCommit::run` returns
  Result<void> result;  ///< of the commit

 private:
  friend class GroupCommit;
  bool alone_ = false;
  bool leads_ = false;  ///< what it is woken for; if not, it is done
  /// Not a condition variable: who is woken often interrupts who wakes them, and would then have to
  /// wait for that one's mutex.
  sem_t wake_;
};

/// Lets calling threads share a commit without a thread of its own: one of them leads, takes
/// everything that waits, commits it, wakes the others and hands the lead to the first of those who
/// have gathered meanwhile.
///
/// Threads: any.
class GroupCommit {
 public:
  using Jobs = std::vector<CommitJob*>;

  /// `commit` does jobs in one transaction and sets their results; `tidy` follows it, when those
  /// who waited have gone on. One leader at a time calls them.
  GroupCommit(std::function<void(const Jobs&)> commit, std::function<void()> tidy)
      : commit_(std::move(commit)), tidy_(std::move(tidy)) {}

  /// Returns when the job has been committed or has failed; see `CommitJob::result`.
  void run(CommitJob& job);

  /// Does something else, when it is its turn, that must not meet a commit.
  void run_alone(const std::function<void()>& work);

 private:
  [[nodiscard]] bool comes_to_lead(CommitJob& job);
  void lead(const CommitJob& own);
  void hand_over();
  [[nodiscard]] Jobs take();

  const std::function<void(const Jobs&)> commit_;
  const std::function<void()> tidy_;
  std::mutex mutex_;
  std::deque<CommitJob*> waiting_;
  bool led_ = false;
};

}  // namespace hookline::detail
