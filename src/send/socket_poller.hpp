#pragma once

#include <curl/curl.h>
#include <poll.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "hookline/result.hpp"

namespace hookline::detail {

/// Waits for the sockets that libcurl names (CURLMOPT_SOCKETFUNCTION) and for a wake-up from
/// another thread.
///
/// `poll` looks at every socket each time, which costs little but is paid again and again; epoll
/// costs two system calls for a request, and then nothing. A receiver that answers soon is cheaper
/// to poll, by a quarter of the whole request; one that hangs is not, and must slow nobody down. So
/// a socket is polled at first, and goes into epoll when it has been looked at in vain as often as
/// that would have cost, until libcurl lets go of it: whatever it does then, it costs at most twice
/// what was possible.
///
/// Belongs to one thread, but for `wake_up`.
class SocketPoller {
 public:
  struct Event {
    curl_socket_t socket;
    int what;  ///< CURL_CSELECT_IN, _OUT, _ERR
  };

  /// How often a socket is looked at in vain before it goes into epoll.
  static constexpr std::uint32_t kPatience = 50;

  /// `ErrorCode::system_failed` if the system gives no descriptor.
  [[nodiscard]] static Result<std::unique_ptr<SocketPoller>> create();
  SocketPoller(const SocketPoller&) = delete;
  SocketPoller& operator=(const SocketPoller&) = delete;
  ~SocketPoller();

  /// `what` as libcurl gives it: CURL_POLL_IN, _OUT, _INOUT or _REMOVE.
  void watch(curl_socket_t socket, int what);

  /// Sleeps until something happens, at most `timeout_ms`; for ever if that is negative. It may
  /// return early with nothing. What it returns is valid until the next call.
  [[nodiscard]] const std::vector<Event>& wait(int timeout_ms);

  /// Ends the current or the next `wait`. From any thread.
  void wake_up();

  /// Sockets that have gone into epoll, for tests.
  [[nodiscard]] std::size_t patient() const { return patient_; }

 private:
  /// Where a socket stands: nowhere, in epoll, or at this place of `polled_`, whose first two are
  /// no sockets'.
  using Place = std::uint32_t;
  static constexpr Place kNowhere = 0;
  static constexpr Place kInEpoll = 1;

  SocketPoller(int epoll, int wake_event);
  void take_out(curl_socket_t socket, Place& place);
  void take_polled();
  void take_patient();
  void move_to_epoll(std::size_t place);
  void leave_all_to_epoll();

  int epoll_;
  int wake_event_;
  std::vector<Place> places_;           ///< by descriptor
  std::vector<pollfd> polled_;          ///< the wake-up and epoll itself stand first
  std::vector<std::uint32_t> in_vain_;  ///< beside `polled_`: how often it was looked at
  std::size_t patient_ = 0;
  std::vector<Event> events_;
};

}  // namespace hookline::detail
