#include "send/socket_poller.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "base/fail.hpp"

namespace hookline::detail {
namespace {

constexpr int kEventsAtOnce = 256;

/// A connection that rests for so long may rest longer.
constexpr int kLingerMs = 50;

std::uint32_t epoll_events(int what) {
  return (what & CURL_POLL_IN ? EPOLLIN : 0u) | (what & CURL_POLL_OUT ? EPOLLOUT : 0u);
}

int curl_events(std::uint32_t events) {
  return (events & (EPOLLIN | EPOLLHUP) ? CURL_CSELECT_IN : 0) |
         (events & EPOLLOUT ? CURL_CSELECT_OUT : 0) | (events & EPOLLERR ? CURL_CSELECT_ERR : 0);
}

bool control(int epoll, int operation, int descriptor, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.fd = descriptor;
  return ::epoll_ctl(epoll, operation, descriptor, &event) == 0;
}

}  // namespace

Result<std::unique_ptr<SocketPoller>> SocketPoller::create() {
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  const int wake_event = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  auto poller = std::unique_ptr<SocketPoller>(new SocketPoller(epoll, wake_event));
  if (epoll >= 0 && wake_event >= 0 && control(epoll, EPOLL_CTL_ADD, wake_event, EPOLLIN)) {
    return poller;
  }
  return fail(ErrorCode::system_failed, "cannot wait for sockets: {}",
              std::generic_category().message(errno));
}

SocketPoller::SocketPoller(int epoll, int wake_event) : epoll_(epoll), wake_event_(wake_event) {}

SocketPoller::~SocketPoller() {
  if (epoll_ >= 0) ::close(epoll_);
  if (wake_event_ >= 0) ::close(wake_event_);
}

bool SocketPoller::watch(curl_socket_t socket, int what) {
  Watched& watched = at(socket);
  watched.wanted = what == CURL_POLL_REMOVE ? 0 : epoll_events(what);
  if (watched.wanted == 0) {
    if (watched.comes_back) {
      if (!std::exchange(watched.listed, true)) let_go_of_.push_back(socket);
    } else {
      take_off(socket, watched);
    }
    return true;
  }
  if (watched.comes_back && watched.known == watched.wanted) return true;
  const int operation = watched.known != 0 ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
  const bool done = control(epoll_, operation, socket, watched.wanted);
  watched.known = done ? watched.wanted : 0;
  return done;
}

int SocketPoller::sleep(epoll_event* ready, int count, int timeout_ms) {
  const bool lingers = !let_go_of_.empty() && (timeout_ms < 0 || timeout_ms > kLingerMs);
  if (!lingers) return ::epoll_wait(epoll_, ready, count, timeout_ms);
  const int happened = ::epoll_wait(epoll_, ready, count, kLingerMs);
  if (happened == 0) let_go();
  return happened;
}

void SocketPoller::let_go() {
  for (const curl_socket_t socket : let_go_of_) {
    Watched& watched = at(socket);
    watched.listed = false;
    if (watched.wanted == 0) take_off(socket, watched);
  }
  let_go_of_.clear();
}

SocketPoller::Watched& SocketPoller::at(curl_socket_t socket) {
  const auto index = static_cast<std::size_t>(socket);
  if (index >= watched_.size()) watched_.resize(index + 1);
  return watched_[index];
}

void SocketPoller::take_off(curl_socket_t socket, Watched& watched) {
  // libcurl may have closed it already, which has taken it off the set as well.
  if (watched.known != 0) static_cast<void>(control(epoll_, EPOLL_CTL_DEL, socket, 0));
  watched.known = 0;
}

const std::vector<SocketPoller::Event>& SocketPoller::wait(int timeout_ms) {
  std::array<epoll_event, kEventsAtOnce> ready;
  const int count = sleep(ready.data(), kEventsAtOnce, timeout_ms);
  events_.clear();
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = ready[static_cast<std::size_t>(i)];
    if (event.data.fd == wake_event_) {
      eventfd_t ignored;
      ::eventfd_read(wake_event_, &ignored);
    } else if (Watched& watched = at(event.data.fd); watched.wanted == 0) {
      take_off(event.data.fd, watched);  // its other end has closed it
    } else {
      events_.push_back({event.data.fd, curl_events(event.events)});
    }
  }
  return events_;
}

void SocketPoller::wake_up() { ::eventfd_write(wake_event_, 1); }

}  // namespace hookline::detail
