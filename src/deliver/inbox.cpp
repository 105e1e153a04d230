#include "deliver/inbox.hpp"

#include <iterator>
#include <utility>

namespace hookline::detail {
namespace {

void clear(Inbox::Contents& contents) {
  contents.answers.clear();
  contents.stored.clear();
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
    contents_.stored.insert(contents_.stored.end(), std::make_move_iterator(news.stored.begin()),
                            std::make_move_iterator(news.stored.end()));
    contents_.appends += news.appends;
  });
}

void Inbox::ring() {
  change([] {});
}

void Inbox::wait(std::optional<DueClock::duration> at_most, Contents& contents) {
  clear(contents);
  std::unique_lock lock(mutex_);
  const auto rung = [this] { return rung_; };
  if (at_most) {
    bell_.wait_for(lock, *at_most, rung);
  } else {
    bell_.wait(lock, rung);
  }
  rung_ = false;
  std::swap(contents, contents_);
}

Inbox::Contents Inbox::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(contents_, {});
}

void Inbox::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  clear(contents_);
}

}  // namespace hookline::detail
