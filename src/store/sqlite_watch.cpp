#include "store/sqlite_watch.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/thread.hpp"

namespace hookline::detail {
namespace {

using std::chrono::milliseconds;

/// The log is written to before a commit is there to be seen, and a file is closed before its locks
/// are free, so that one look can be too early: others follow until there is news, or for two
/// seconds. A file that is written to all the time does not keep the thread busy.
constexpr milliseconds kBetweenLooks{100};
constexpr int kLooks = 20;
constexpr milliseconds kWithoutEvents{500};

}  // namespace

SqliteWatch::SqliteWatch(std::string log_path, std::string lock_path,
                         std::function<SqliteSight()> look)
    : log_path_(std::move(log_path)), lock_path_(std::move(lock_path)), look_(std::move(look)) {}

SqliteWatch::~SqliteWatch() {
  if (thread_.joinable()) {
    const std::uint64_t one = 1;
    static_cast<void>(!::write(end_, &one, sizeof one));
    thread_.join();
  }
  for (const int file : {events_, end_}) {
    if (file >= 0) ::close(file);
  }
}

std::shared_ptr<void> SqliteWatch::add(std::function<void()> changed) {
  const std::lock_guard lock(starting_);
  auto handle = listeners_.add(std::move(changed));
  return start() ? handle : nullptr;
}

void SqliteWatch::abandon() {
  // The thread is the parent's: there is nothing to join here.
  if (thread_.joinable()) static_cast<void>(new std::thread(std::move(thread_)));
}

/// What is written from here on is noticed.
bool SqliteWatch::start() {
  if (thread_.joinable()) return true;
  if (end_ < 0) end_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (end_ < 0) return false;
  if (events_ < 0) events_ = ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  watch_files();
  last_ = look_();
  auto thread = start_thread("hookline-watch", [this] { run(); });
  if (!thread) return false;
  thread_ = std::move(*thread);
  return true;
}

void SqliteWatch::watch_files() {
  if (events_ < 0) return;
  if (log_watch_ < 0) {
    log_watch_ = ::inotify_add_watch(events_, log_path_.c_str(), IN_MODIFY | IN_DELETE_SELF);
  }
  if (lock_watch_ < 0 && !lock_path_.empty()) {
    lock_watch_ = ::inotify_add_watch(events_, lock_path_.c_str(), IN_CLOSE_WRITE);
  }
}

bool SqliteWatch::sees_everything() const {
  return log_watch_ >= 0 && (lock_watch_ >= 0 || lock_path_.empty());
}

void SqliteWatch::run() {
  for (;;) {
    std::optional<milliseconds> timeout;
    if (!sees_everything()) timeout = kWithoutEvents;
    if (wait(timeout, true)) return;
    read_events();
    watch_files();
    for (int looks = kLooks; looks > 0 && !look_around(); --looks) {
      if (wait(kBetweenLooks, false)) return;
    }
    if (wait(kBetweenLooks, false)) return;
  }
}

bool SqliteWatch::look_around() {
  SqliteSight now = look_();
  const bool death =
      !std::includes(last_.dead.begin(), last_.dead.end(), now.dead.begin(), now.dead.end());
  const bool news = death || now.version != last_.version;
  last_ = std::move(now);
  if (news) listeners_.notify();
  return news;
}

/// True if it is the end.
bool SqliteWatch::wait(std::optional<milliseconds> timeout, bool for_the_log) {
  std::array<pollfd, 2> files{};
  files[0] = {end_, POLLIN, 0};
  files[1] = {events_, POLLIN, 0};
  const nfds_t count = for_the_log && events_ >= 0 ? 2 : 1;
  ::poll(files.data(), count, timeout ? static_cast<int>(timeout->count()) : -1);
  return (files[0].revents & POLLIN) != 0;
}

void SqliteWatch::read_events() {
  alignas(inotify_event) std::array<char, 4096> buffer{};
  for (;;) {
    const ssize_t size = events_ < 0 ? -1 : ::read(events_, buffer.data(), buffer.size());
    if (size <= 0) return;
    for (ssize_t at = 0; at < size;) {
      const auto* event = reinterpret_cast<const inotify_event*>(buffer.data() + at);
      // The file was removed: another one comes with the next connection.
      if ((event->mask & IN_IGNORED) != 0) {
        (event->wd == log_watch_ ? log_watch_ : lock_watch_) = -1;
      }
      at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
    }
  }
}

}  // namespace hookline::detail
