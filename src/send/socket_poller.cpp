#include "send/socket_poller.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "base/fail.hpp"

namespace hookline::detail {
namespace {

constexpr int kEventsAtOnce = 256;

/// The places of `polled_` that are not a socket's.
constexpr std::size_t kWakeEvent = 0;
constexpr std::size_t kEpoll = 1;
constexpr std::size_t kFirstSocket = 2;

// epoll has the same bits as poll.
static_assert(EPOLLIN == POLLIN && EPOLLOUT == POLLOUT && EPOLLERR == POLLERR &&
              EPOLLHUP == POLLHUP);

short poll_events(int what) {
  return static_cast<short>((what & CURL_POLL_IN ? POLLIN : 0) |
                            (what & CURL_POLL_OUT ? POLLOUT : 0));
}

int curl_events(unsigned events) {
  return (events & (POLLIN | POLLHUP) ? CURL_CSELECT_IN : 0) |
         (events & POLLOUT ? CURL_CSELECT_OUT : 0) |
         (events & (POLLERR | POLLNVAL) ? CURL_CSELECT_ERR : 0);
}

bool control(int epoll, int operation, int descriptor, short events) {
  epoll_event event{};
  event.events = static_cast<std::uint32_t>(events);
  event.data.fd = descriptor;
  return ::epoll_ctl(epoll, operation, descriptor, &event) == 0;
}

}  // namespace

Result<std::unique_ptr<SocketPoller>> SocketPoller::create() {
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  const int wake_event = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  auto poller = std::unique_ptr<SocketPoller>(new SocketPoller(epoll, wake_event));
  if (epoll >= 0 && wake_event >= 0) return poller;
  return fail(ErrorCode::system_failed, "cannot wait for sockets: {}",
              std::generic_category().message(errno));
}

SocketPoller::SocketPoller(int epoll, int wake_event)
    : epoll_(epoll),
      wake_event_(wake_event),
      polled_{{wake_event, POLLIN, 0}, {epoll, POLLIN, 0}},
      in_vain_(kFirstSocket) {}

SocketPoller::~SocketPoller() {
  if (epoll_ >= 0) ::close(epoll_);
  if (wake_event_ >= 0) ::close(wake_event_);
}

void SocketPoller::watch(curl_socket_t socket, int what) {
  const auto index = static_cast<std::size_t>(socket);
  if (index >= places_.size()) places_.resize(index + 1, kNowhere);
  Place& place = places_[index];
  if (what == CURL_POLL_REMOVE) return take_out(socket, place);
  if (place == kInEpoll) {
    if (control(epoll_, EPOLL_CTL_MOD, socket, poll_events(what))) return;
    // It was closed, and another has come under its number: libcurl before 8.5 does so without a
    // word when it tries several addresses at once.
    take_out(socket, place);
  }
  if (place == kNowhere) {
    place = static_cast<Place>(polled_.size());
    polled_.push_back({socket, 0, 0});
    in_vain_.push_back(0);
  }
  polled_[place].events = poll_events(what);
  in_vain_[place] = 0;
}

/// Takes it from wherever it stands; the last one that is polled comes into its place.
void SocketPoller::take_out(curl_socket_t socket, Place& place) {
  if (place == kInEpoll) {
    // libcurl may have closed it already, which has taken it off the set as well, unless a fork of
    // this process has it open.
    static_cast<void>(control(epoll_, EPOLL_CTL_DEL, socket, 0));
    --patient_;
  } else if (place != kNowhere) {
    polled_[place] = polled_.back();
    in_vain_[place] = in_vain_.back();
    places_[static_cast<std::size_t>(polled_[place].fd)] = place;
    polled_.pop_back();
    in_vain_.pop_back();
  }
  place = kNowhere;
}

const std::vector<SocketPoller::Event>& SocketPoller::wait(int timeout_ms) {
  events_.clear();
  const int count = ::poll(polled_.data(), polled_.size(), timeout_ms);
  if (count < 0 && errno != EINTR) leave_all_to_epoll();
  if (count < 0) return events_;
  if (polled_[kWakeEvent].revents != 0) {
    eventfd_t ignored;
    ::eventfd_read(wake_event_, &ignored);
  }
  if (polled_[kEpoll].revents != 0) take_patient();
  take_polled();
  return events_;
}

/// From the end, since another comes into the place of one that moves.
void SocketPoller::take_polled() {
  for (std::size_t place = polled_.size() - 1; place >= kFirstSocket; --place) {
    const pollfd& polled = polled_[place];
    if (polled.revents != 0) {
      events_.push_back({polled.fd, curl_events(static_cast<unsigned short>(polled.revents))});
      in_vain_[place] = 0;
    } else if (++in_vain_[place] >= kPatience) {
      move_to_epoll(place);
    }
  }
}

void SocketPoller::take_patient() {
  std::array<epoll_event, kEventsAtOnce> ready;
  const int count = ::epoll_wait(epoll_, ready.data(), kEventsAtOnce, 0);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = ready[static_cast<std::size_t>(i)];
    events_.push_back({event.data.fd, curl_events(event.events)});
  }
}

/// If the system refuses, it goes on being polled.
void SocketPoller::move_to_epoll(std::size_t place) {
  const pollfd polled = polled_[place];
  in_vain_[place] = 0;
  if (!control(epoll_, EPOLL_CTL_ADD, polled.fd, polled.events)) return;
  Place& moved = places_[static_cast<std::size_t>(polled.fd)];
  take_out(polled.fd, moved);
  moved = kInEpoll;
  ++patient_;
}

/// poll(2) refuses more sockets than the process may open, if that was lowered since, and needs
/// memory for many; epoll does not.
void SocketPoller::leave_all_to_epoll() {
  for (std::size_t place = polled_.size() - 1; place >= kFirstSocket; --place) move_to_epoll(place);
}

void SocketPoller::wake_up() { ::eventfd_write(wake_event_, 1); }

}  // namespace hookline::detail
