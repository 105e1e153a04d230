#pragma once

#include <curl/curl.h>

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "hookline/result.hpp"

namespace hookline::detail {

/// Waits for the sockets that libcurl names (CURLMOPT_SOCKETFUNCTION) and for a wake-up from
/// another thread. With epoll a round costs what happens, not what is open: a hundred receivers
/// that hang slow nobody down.
///
/// Belongs to one thread, but for `wake_up`.
class SocketPoller {
 public:
  struct Event {
    curl_socket_t socket;
    int what;  ///< CURL_CSELECT_IN, _OUT, _ERR
  };

  /// `ErrorCode::system_failed` if the system gives no descriptor.
  [[nodiscard]] static Result<std::unique_ptr<SocketPoller>> create();
  SocketPoller(const SocketPoller&) = delete;
  SocketPoller& operator=(const SocketPoller&) = delete;
  ~SocketPoller();

  /// `what` as libcurl gives it: CURL_POLL_IN, _OUT, _INOUT or _REMOVE. False if the system
  /// refuses.
  [[nodiscard]] bool watch(curl_socket_t socket, int what);

  /// Sleeps until something happens, at most `timeout_ms`; for ever if that is negative. What it
  /// returns is valid until the next call.
  [[nodiscard]] const std::vector<Event>& wait(int timeout_ms);

  /// Ends the current or the next `wait`. From any thread.
  void wake_up();

 private:
  SocketPoller(int epoll, int wake_event);

  int epoll_;
  int wake_event_;
  std::vector<bool> watched_;  ///< by descriptor
  std::vector<Event> events_;
};

}  // namespace hookline::detail
