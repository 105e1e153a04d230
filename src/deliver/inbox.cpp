#include "deliver/inbox.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace hookline::detail {
namespace {

template <class T>
void append(std::vector<T>& to, std::vector<T>& from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

void clear(Inbox::Contents& contents) {
  contents.answers.clear();
  contents.accepted.clear();
  contents.failed.clear();
  contents.waits_until.reset();
  contents.newest = 0;
  contents.appends = 0;
  contents.reply.reset();
}

}  // namespace

template <class Put>
void Inbox::change(Put put) {
  std::unique_lock lock(mutex_);
  if (closed_) return;
  put();
  const bool was_rung = std::exchange(rung_, true);
  lock.unlock();
  if (!was_rung) bell_.notify_one();
}

void Inbox::put(Answer answer) {
  change([&] { contents_.answers.push_back(std::move(answer)); });
}

void Inbox::put(Result<StoreReply> reply) {
  change([&] { contents_.reply = std::move(reply); });
}

void Inbox::put(Contents news) {
  change([&] {
    append(contents_.accepted, news.accepted);
    append(contents_.failed, news.failed);
    if (news.waits_until) {
      contents_.waits_until =
          std::min(contents_.waits_until.value_or(*news.waits_until), *news.waits_until);
    }
    contents_.newest = std::max(contents_.newest, news.newest);
    contents_.appends += news.appends;
  });
}

void Inbox::ring() {
  change([] {});
}

void Inbox::wait(std::optional<DueClock::duration> at_most) {
  std::unique_lock lock(mutex_);
  const auto rung = [this] { return rung_; };
  if (at_most) {
    bell_.wait_for(lock, *at_most, rung);
  } else {
    bell_.wait(lock, rung);
  }
  rung_ = false;
}

void Inbox::take(Contents& contents) {
  clear(contents);
  const std::lock_guard lock(mutex_);
  std::swap(contents, contents_);
}

void Inbox::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  contents_ = {};
}

}  // namespace hookline::detail
