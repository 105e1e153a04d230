#include "send/socket_poller.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "base/fail.hpp"

namespace hookline::detail {
namespace {

constexpr int kEventsAtOnce = 256;

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
  const auto index = static_cast<std::size_t>(socket);
  if (index >= watched_.size()) watched_.resize(index + 1);
  const bool known = watched_[index];
  if (what == CURL_POLL_REMOVE) {
    watched_[index] = false;
    // libcurl may have closed it already, which has taken it off the set as well.
    if (known) static_cast<void>(control(epoll_, EPOLL_CTL_DEL, socket, 0));
    return true;
  }
  const int operation = known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
  watched_[index] = control(epoll_, operation, socket, epoll_events(what));
  return watched_[index];
}

const std::vector<SocketPoller::Event>& SocketPoller::wait(int timeout_ms) {
  std::array<epoll_event, kEventsAtOnce> ready;
  const int count = ::epoll_wait(epoll_, ready.data(), kEventsAtOnce, timeout_ms);
  events_.clear();
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = ready[static_cast<std::size_t>(i)];
    if (event.data.fd == wake_event_) {
      eventfd_t ignored;
      ::eventfd_read(wake_event_, &ignored);
    } else {
      events_.push_back({event.data.fd, curl_events(event.events)});
    }
  }
  return events_;
}

void SocketPoller::wake_up() { ::eventfd_write(wake_event_, 1); }

}  // namespace hookline::detail
