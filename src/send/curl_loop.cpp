#include "send/curl_loop.hpp"

#include <algorithm>
#include <climits>
#include <utility>

#include "base/fail.hpp"
#include "base/thread.hpp"

namespace hookline {
namespace {

using detail::CurlTransfer;
using detail::fail;
using std::chrono::milliseconds;

/// Kept for later requests; each takes about 10 KB.
constexpr std::size_t kKeptTransfers = 256;

/// How many connections the transport knows the owners of.
constexpr std::size_t kMinOwners = 1024;
constexpr std::size_t kMaxOwners = 65'536;

/// How long a request may be over its limit before the loop ends it in libcurl's place.
constexpr milliseconds kGrace{20};

void call(const Transport::Completion& completion, HttpResult result);
HttpResult failed(FailureClass failure, std::string message);
HttpResult shut_down();
int milliseconds_until(std::chrono::steady_clock::time_point time);

}  // namespace

Result<std::unique_ptr<CurlTransport::Loop>> CurlTransport::Loop::create(
    CurlTransportOptions options) {
  auto poller = detail::SocketPoller::create();
  if (!poller) return tl::unexpected(poller.error());
  auto loop = std::unique_ptr<Loop>(new Loop(std::move(options), *std::move(poller)));
  auto ready = loop->set_up();
  if (ready) ready = loop->start_thread();
  if (!ready) return tl::unexpected(ready.error());
  return loop;
}

CurlTransport::Loop::Loop(CurlTransportOptions options,
                          std::unique_ptr<detail::SocketPoller> poller)
    : poller_(std::move(poller)), multi_(curl_multi_init()) {
  context_.options = std::move(options);
  context_.lookups = detail::LookupLimit(context_.options.max_lookups);
  const std::size_t idle = std::min(context_.options.max_idle_connections, kMaxOwners);
  context_.owners = detail::ConnectionOwners(2 * idle + kMinOwners);  // those in use are not idle
}

Result<void> CurlTransport::Loop::set_up() {
  for (const std::string& entry : context_.options.resolve) {
    curl_slist* const list = curl_slist_append(resolve_.get(), entry.c_str());
    if (list == nullptr) return fail(ErrorCode::system_failed, "no memory for fixed addresses");
    static_cast<void>(resolve_.release());
    resolve_.reset(list);
  }
  context_.resolve = resolve_.get();

  CURLM* const multi = multi_.get();
  const auto idle =
      static_cast<long>(std::min<std::size_t>(context_.options.max_idle_connections, INT_MAX));
  const bool set = multi != nullptr &&
                   curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, &on_socket) == CURLM_OK &&
                   curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, this) == CURLM_OK &&
                   curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, &on_timer) == CURLM_OK &&
                   curl_multi_setopt(multi, CURLMOPT_TIMERDATA, this) == CURLM_OK &&
                   curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, idle) == CURLM_OK;
  if (!set) return fail(ErrorCode::system_failed, "libcurl cannot set up a multi handle");
#if LIBCURL_VERSION_NUM >= 0x081400
  // From 8.20 on, the multi handle waits for its resolver threads unless told not to.
  curl_multi_setopt(multi, CURLMOPT_QUICK_EXIT, 1L);
#endif
  return {};
}

/// `start_thread` blocks all signals, since CURLOPT_NOSIGNAL leaves SIGPIPE alone. The resolver
/// threads that libcurl starts from this one inherit that.
Result<void> CurlTransport::Loop::start_thread() {
  auto started = detail::start_thread("hookline-curl", [this] { run(); });
  if (!started) return tl::unexpected(std::move(started.error()));
  thread_ = std::move(*started);
  return {};
}

CurlTransport::Loop::~Loop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  poller_->wake_up();
  thread_.join();
}

void CurlTransport::Loop::send(HttpRequest request, Completion completion) {
  // Bounded, so that no time limit leaves the range of the clock.
  const auto limit =
      std::clamp<milliseconds>(request.timeout, milliseconds(0), std::chrono::hours(24));
  Transfer transfer = new_transfer();
  if (!transfer) return call(completion, failed(FailureClass::internal, "out of memory"));
  transfer->take(std::move(request), std::move(completion), Clock::now() + limit);
  std::unique_lock lock(mutex_);
  if (stopping_) {
    lock.unlock();
    return call(transfer->release(), shut_down());
  }
  sent_.push_back(std::move(transfer));
  const bool wake = std::exchange(asleep_, false);
  lock.unlock();
  if (wake) poller_->wake_up();
}

void CurlTransport::Loop::run() {
  while (take_sent()) {
    start_waiting();
    start_taken();
    run_due_timers();
    finish_done();
    end_overdue();
    call_completions();
    serve_sockets();
    finish_done();
    call_completions();
  }
  end_all(shut_down());
  call_completions();
  // Here and not in the destructor, where writing the end of a TLS connection could raise SIGPIPE
  // on a thread of the host.
  multi_.reset();
}

/// False once the destructor has begun.
bool CurlTransport::Loop::take_sent() {
  const std::lock_guard lock(mutex_);
  asleep_ = false;
  taken_.swap(sent_);
  return !stopping_;
}

void CurlTransport::Loop::start_taken() {
  for (Transfer& transfer : taken_) start(std::move(transfer));
  taken_.clear();
}

void CurlTransport::Loop::start(Transfer transfer) {
  const auto now = Clock::now();
  if (auto ready = transfer->prepare(now); !ready) {
    transfer->abandon(now);
    return complete(std::move(transfer), tl::unexpected(std::move(ready.error())));
  }
  const CURLMcode code = curl_multi_add_handle(multi_.get(), transfer->handle());
  if (code != CURLM_OK) {
    transfer->abandon(now);
    return complete(std::move(transfer), failed(FailureClass::internal, curl_multi_strerror(code)));
  }
  transfer->index = active_.size();
  const auto overdue = transfer->deadline() + kGrace;
  overdue_check_ = std::min(overdue_check_.value_or(overdue), overdue);
  active_.push_back(std::move(transfer));
}

/// Gives free look-ups to those that wait, the oldest first, and ends those whose time is up.
void CurlTransport::Loop::start_waiting() {
  if (waiting_.empty()) return;
  const auto now = Clock::now();
  std::deque<Transfer> waiting = std::exchange(waiting_, {});
  for (Transfer& transfer : waiting) {
    if (transfer->deadline() <= now) {
      complete(
          std::move(transfer),
          failed(FailureClass::timeout, "too many name look-ups at once: none was free in time"));
    } else if (context_.lookups.take(now)) {
      transfer->give_lookup_slot();
      start(std::move(transfer));
    } else {
      waiting_.push_back(std::move(transfer));
    }
  }
}

void CurlTransport::Loop::run_due_timers() {
  if (due_ && *due_ <= Clock::now()) drive(CURL_SOCKET_TIMEOUT, 0);
}

void CurlTransport::Loop::serve_sockets() {
  for (const auto& event : poller_->wait(sleep_ms(fall_asleep()))) drive(event.socket, event.what);
}

/// False if there are new requests, so that nobody has to wake the thread.
bool CurlTransport::Loop::fall_asleep() {
  const std::lock_guard lock(mutex_);
  asleep_ = sent_.empty() && !stopping_;
  return asleep_;
}

int CurlTransport::Loop::sleep_ms(bool asleep) const {
  if (!asleep) return 0;
  std::optional<Clock::time_point> next = due_;
  const auto no_later = [&](Clock::time_point time) { next = std::min(next.value_or(time), time); };
  if (overdue_check_) no_later(*overdue_check_);
  if (!waiting_.empty()) {
    for (const Transfer& transfer : waiting_) no_later(transfer->deadline());
    if (const auto free = context_.lookups.next_free()) no_later(*free);
  }
  return next ? milliseconds_until(*next) : -1;
}

void CurlTransport::Loop::drive(curl_socket_t socket, int what) {
  if (socket == CURL_SOCKET_TIMEOUT) due_.reset();
  int running = 0;
  const CURLMcode code = curl_multi_socket_action(multi_.get(), socket, what, &running);
  // Nothing that a single request can cause: without memory or descriptors the handle is stuck.
  if (code != CURLM_OK) end_all(failed(FailureClass::internal, curl_multi_strerror(code)));
}

void CurlTransport::Loop::finish_done() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    void* transfer = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
    finish(*static_cast<CurlTransfer*>(transfer), message->data.result);
  }
}

void CurlTransport::Loop::finish(CurlTransfer& done, CURLcode code) {
  curl_multi_remove_handle(multi_.get(), done.handle());
  Transfer transfer = take_active(done);
  HttpResult result = transfer->finish(code, Clock::now());
  if (!result && transfer->wants_lookup_slot()) {
    waiting_.push_back(std::move(transfer));
  } else if (!result && transfer->wants_own_connection()) {
    start(std::move(transfer));
  } else {
    complete(std::move(transfer), std::move(result));
  }
}

/// libcurl before 8.4 forgets a timer that is less than a millisecond away when a socket of the
/// same request is served (add_next_timeout() in lib/multi.c). A receiver that sends a byte just
/// then and falls silent would be waited for without end.
void CurlTransport::Loop::end_overdue() {
  if (active_.empty()) overdue_check_.reset();
  const auto now = Clock::now();
  if (!overdue_check_ || *overdue_check_ > now) return;
  overdue_check_.reset();
  for (std::size_t i = 0; i < active_.size();) {
    const auto overdue = active_[i]->deadline() + kGrace;
    if (overdue <= now) {
      finish(*active_[i], CURLE_OPERATION_TIMEDOUT);  // puts another in its place
    } else {
      overdue_check_ = std::min(overdue_check_.value_or(overdue), overdue);
      ++i;
    }
  }
}

CurlTransport::Loop::Transfer CurlTransport::Loop::new_transfer() {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      Transfer transfer = std::move(idle_.back());
      idle_.pop_back();
      return transfer;
    }
  }
  return CurlTransfer::create(context_);
}

CurlTransport::Loop::Transfer CurlTransport::Loop::take_active(CurlTransfer& transfer) {
  const std::size_t index = transfer.index;
  Transfer taken = std::move(active_[index]);
  if (index + 1 != active_.size()) {
    active_[index] = std::move(active_.back());
    active_[index]->index = index;
  }
  active_.pop_back();
  return taken;
}

void CurlTransport::Loop::complete(Transfer transfer, HttpResult result) {
  done_.push_back({transfer->release(), std::move(result)});
  const std::lock_guard lock(mutex_);
  if (idle_.size() < kKeptTransfers) idle_.push_back(std::move(transfer));
}

/// One after the other, when everything that libcurl had to do is done: whoever is woken by the
/// first finds most of them.
void CurlTransport::Loop::call_completions() {
  for (Done& done : done_) call(done.completion, std::move(done.result));
  done_.clear();
}

void CurlTransport::Loop::end_all(const HttpResult& result) {
  while (!active_.empty()) {
    Transfer transfer = take_active(*active_.back());
    curl_multi_remove_handle(multi_.get(), transfer->handle());
    transfer->abandon(Clock::now());
    complete(std::move(transfer), result);
  }
  for (Transfer& transfer : std::exchange(waiting_, {})) complete(std::move(transfer), result);
  for (Transfer& transfer : std::exchange(taken_, {})) complete(std::move(transfer), result);
}

int CurlTransport::Loop::on_socket(CURL*, curl_socket_t socket, int what, void* self,
                                   void*) noexcept {
  static_cast<Loop*>(self)->poller_->watch(socket, what);
  return 0;
}

int CurlTransport::Loop::on_timer(CURLM*, long time, void* self) noexcept {
  auto& due = static_cast<Loop*>(self)->due_;
  if (time < 0) {
    due.reset();
  } else {
    due = Clock::now() + milliseconds(time);
  }
  return 0;
}

namespace {

/// A completion is expected not to throw. One that does loses its exception here: it was thrown at
/// nobody, and must not take the other requests or the process with it.
void call(const Transport::Completion& completion, HttpResult result) {
  try {
    completion(std::move(result));
  } catch (...) {
  }
}

HttpResult failed(FailureClass failure, std::string message) {
  return tl::unexpected(TransportFailure{failure, std::move(message), false});
}

HttpResult shut_down() { return failed(FailureClass::cancelled, "the transport was shut down"); }

int milliseconds_until(std::chrono::steady_clock::time_point time) {
  const auto left =
      std::chrono::ceil<milliseconds>(time - std::chrono::steady_clock::now()).count();
  return static_cast<int>(std::clamp<milliseconds::rep>(left, 0, INT_MAX));
}

}  // namespace
}  // namespace hookline
