#pragma once

#include <curl/curl.h>

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "hookline/result.hpp"

struct epoll_event;

namespace hookline::detail {

/// Waits for the sockets that libcurl names (CURLMOPT_SOCKETFUNCTION) and for a wake-up from
/// another thread. With epoll a round costs what happens, not what is open: a hundred receivers
/// that hang slow nobody down.
///
/// libcurl lets go of a connection's socket after each request and names it again for the next one.
/// A socket that is known to come and go that way (`opened`) stays with epoll in between, which
/// spares two system calls a request, until nothing happens for a moment: a connection that its
/// other end closes must not end a long sleep.
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

  /// A socket of a connection was opened: it is new to epoll, whatever had its number before.
  void opened(curl_socket_t socket) { at(socket) = Watched{true}; }
  /// REQUIRES: called before a socket that was `opened` is closed, which takes it off epoll.
  void closed(curl_socket_t socket) { at(socket) = Watched{}; }

  /// Sleeps until something happens, at most `timeout_ms`; for ever if that is negative; or until
  /// there is nothing to report. What it returns is valid until the next call.
  [[nodiscard]] const std::vector<Event>& wait(int timeout_ms);

  /// Ends the current or the next `wait`. From any thread.
  void wake_up();

 private:
  struct Watched {
    bool comes_back = false;   ///< stays with epoll when libcurl lets go of it
    bool listed = false;       ///< in `let_go_of_`
    std::uint32_t wanted = 0;  ///< by libcurl
    std::uint32_t known = 0;   ///< to epoll
  };

  SocketPoller(int epoll, int wake_event);
  [[nodiscard]] Watched& at(curl_socket_t socket);
  [[nodiscard]] int sleep(epoll_event* ready, int count, int timeout_ms);
  void let_go();
  void take_off(curl_socket_t socket, Watched& watched);

  int epoll_;
  int wake_event_;
  std::vector<Watched> watched_;          ///< by descriptor
  std::vector<curl_socket_t> let_go_of_;  ///< by libcurl, maybe not by epoll
  std::vector<Event> events_;
};

}  // namespace hookline::detail
