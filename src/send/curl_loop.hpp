#pragma once

#include <curl/curl.h>

#include <chrono>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "hookline/curl_transport.hpp"
#include "send/curl_transfer.hpp"
#include "send/socket_poller.hpp"

namespace hookline {

/// The thread of a `CurlTransport`, with the multi handle and every open request.
///
/// Requests come in through a queue; completions are called on the thread with no lock held. A
/// request whose name cannot be looked up yet (`LookupLimit`) waits here within its time limit. The
/// thread sleeps until a socket, a timer of libcurl or a new request is due.
///
/// The destructor cancels what is open and ends the thread. It must not be called from a
/// completion, which would wait for itself.
class CurlTransport::Loop {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Loop>> create(CurlTransportOptions options);
  ~Loop();

  /// From any thread. Completes at once, as cancelled, when the destructor has begun.
  void send(HttpRequest request, Completion completion);

 private:
  using Clock = std::chrono::steady_clock;
  using Transfer = std::unique_ptr<detail::CurlTransfer>;

  struct Done {
    Completion completion;
    HttpResult result;
  };

  struct MultiDeleter {
    void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
  };
  struct ListDeleter {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };

  Loop(CurlTransportOptions options, std::unique_ptr<detail::SocketPoller> poller);
  [[nodiscard]] Result<void> set_up();
  [[nodiscard]] Result<void> start_thread();

  void run();
  [[nodiscard]] bool take_sent();
  void start_taken();
  void start(Transfer transfer);
  void start_waiting();
  void run_due_timers();
  void serve_sockets();
  void finish_done();
  void finish(detail::CurlTransfer& transfer, CURLcode code);
  void end_overdue();
  [[nodiscard]] bool fall_asleep();
  [[nodiscard]] int sleep_ms(bool queue_is_empty) const;
  void drive(curl_socket_t socket, int what);

  [[nodiscard]] Transfer new_transfer();
  [[nodiscard]] Transfer take_active(detail::CurlTransfer& transfer);
  void complete(Transfer transfer, HttpResult result);
  void call_completions();
  void end_all(const HttpResult& result);

  static int on_socket(CURL*, curl_socket_t socket, int what, void* self, void*) noexcept;
  static int on_timer(CURLM*, long milliseconds, void* self) noexcept;

  std::unique_ptr<curl_slist, ListDeleter> resolve_;
  detail::TransferContext context_;
  std::unique_ptr<detail::SocketPoller> poller_;

  std::mutex mutex_;            ///< guards the next four
  std::vector<Transfer> sent_;  ///< by callers, not yet with the thread
  std::vector<Transfer> idle_;  ///< for the next requests
  bool asleep_ = false;         ///< a new request has to wake the thread
  bool stopping_ = false;

  // The thread's own from here on, once it runs.
  std::unique_ptr<CURLM, MultiDeleter> multi_;
  std::optional<Clock::time_point> due_;            ///< when libcurl wants to be called next
  std::optional<Clock::time_point> overdue_check_;  ///< not after the first overdue deadline
  std::vector<Transfer> taken_;
  std::vector<Transfer> active_;  ///< with libcurl
  std::deque<Transfer> waiting_;  ///< for a look-up
  std::vector<Done> done_;        ///< their completions are to be called
  std::thread thread_;
};

}  // namespace hookline
