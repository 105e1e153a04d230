#pragma once

#include <semaphore.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <utility>

#include "hookline/result.hpp"

namespace hookline::detail {

struct CommitJob;
struct SqliteTables;

/// Some jobs, in the order in which they came. The links are in the jobs, so that a list needs no
/// memory: a leader that found none could not wake those who wait for it. A job is in one list at a
/// time.
///
/// A loop may end the life of the job that it is at.
class CommitJobs {
 public:
  class Iterator {
   public:
    Iterator(CommitJob* job, const CommitJob* last);
    CommitJob* operator*() const { return job_; }
    Iterator& operator++() { return *this = Iterator(next_, last_); }
    bool operator!=(const Iterator& other) const { return job_ != other.job_; }

   private:
    CommitJob* job_;
    CommitJob* next_;
    const CommitJob* last_;
  };

  CommitJobs() = default;
  /// This one, without taking it out of where it is.
  explicit CommitJobs(CommitJob& only) : first_(&only), last_(&only), size_(1) {}

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] CommitJob& front() const { return *first_; }
  [[nodiscard]] Iterator begin() const { return {first_, last_}; }
  [[nodiscard]] Iterator end() const { return {nullptr, nullptr}; }

  void push_back(CommitJob& job);
  CommitJob& pop_front();

 private:
  CommitJob* first_ = nullptr;
  CommitJob* last_ = nullptr;
  std::size_t size_ = 0;
};

/// Something to be done in a transaction, on its caller's stack. It runs again if the transaction
/// that it shared with others is repeated, so it takes nothing out of its inputs.
struct CommitJob {
  CommitJob() { sem_init(&wake_, 0, 0); }
  CommitJob(const CommitJob&) = delete;
  CommitJob& operator=(const CommitJob&) = delete;
  ~CommitJob() { sem_destroy(&wake_); }

  /// By value: where there is no memory to copy it, the caller is told, while `tl::expected` would
  /// end the program.
  void fail(Error error) { result = tl::unexpected<Error>(std::move(error)); }

  std::function<void(SqliteTables&)> run;  ///< on the thread of whoever leads
  bool durable = true;       ///< must be on the disk before `GroupCommit::run` returns
  std::uint64_t commit = 0;  ///< its number, by which it is brought to the disk
  Result<void> result;       ///< of the commit

 private:
  friend class CommitJobs;
  friend class GroupCommit;

  enum class Role {
    done,
    leads,    ///< the next group
    settles,  ///< its group
  };

  bool alone_ = false;
  Role role_ = Role::done;     ///< what it is woken for
  CommitJobs group_;           ///< that it settles
  CommitJob* next_ = nullptr;  ///< in the line where it is
  /// Not a condition variable: who is woken often interrupts who wakes them, and would then have to
  /// wait for that one's mutex.
  sem_t wake_;
};

/// Lets calling threads share a commit without a thread of its own: one of them leads, takes
/// everything that waits, commits it and hands the lead to the first of those who have gathered
/// meanwhile. Then the commit is brought to the disk, beside the next one, by one of those who
/// care.
///
/// Threads: any.
class GroupCommit {
 public:
  struct Steps {
    std::function<void()> tidy;                     ///< comes first; one leader at a time
    std::function<void(const CommitJobs&)> commit;  ///< does jobs in one transaction; one at a time
    std::function<void(const CommitJobs&)> settle;  ///< has them on the disk when it returns
  };

  explicit GroupCommit(Steps steps) : steps_(std::move(steps)) {}

  /// Returns when the job has been committed or has failed; see `CommitJob::result`. It is
  /// `commit_unknown` if a step has thrown.
  void run(CommitJob& job);

  /// Does something else, when it is its turn, that must not meet a commit. Throws what it throws.
  void run_alone(const std::function<void()>& work);

 private:
  [[nodiscard]] CommitJob::Role stand_in_line(CommitJob& job);
  static void tell(CommitJob& job, CommitJob::Role role);
  void lead(CommitJob& own);
  void settle(const CommitJob& own, const CommitJobs& jobs);
  void hand_over(std::size_t settling);
  void call_leader();
  [[nodiscard]] CommitJobs take();
  CommitJob& take_first();

  const Steps steps_;
  std::mutex mutex_;  ///< guards what follows
  CommitJobs line_;
  bool led_ = false;
  std::size_t hasty_ = 0;     ///< in line that are alone, or not to be durable
  std::size_t settling_ = 0;  ///< jobs that are committed, and not all woken yet
};

inline CommitJobs::Iterator::Iterator(CommitJob* job, const CommitJob* last)
    : job_(job), next_(job == nullptr || job == last ? nullptr : job->next_), last_(last) {}

}  // namespace hookline::detail
