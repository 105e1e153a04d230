#include "hookline/testing.hpp"

#include <condition_variable>
#include <deque>
#include <list>
#include <mutex>
#include <utility>

#include "base/deadline.hpp"
#include "base/text.hpp"

namespace hookline::testing {

HttpResult status(int code) {
  HttpResponse response;
  response.status = code;
  return response;
}

HttpResult retry_after(int code, std::string value) {
  HttpResponse response;
  response.status = code;
  response.retry_after = std::move(value);
  return response;
}

HttpResult failure(FailureClass failure, std::string message) {
  return tl::unexpected<TransportFailure>(TransportFailure{failure, std::move(message), false});
}

std::string header(const HttpRequest& request, std::string_view name) {
  for (const HttpHeader& field : request.headers) {
    if (detail::equal_ignoring_case(field.name, name)) return field.value;
  }
  return "";
}

// --- RecordingTransport --------------------------------------------------------------------------

struct RecordingTransport::State {
  mutable std::mutex mutex;
  mutable std::condition_variable answered_one;
  HttpResult otherwise = status(200);
  std::deque<HttpResult> script;
  std::vector<HttpRequest> requests;
  std::size_t answered = 0;
};

RecordingTransport::RecordingTransport() : state_(std::make_unique<State>()) {}
RecordingTransport::~RecordingTransport() = default;

void RecordingTransport::answer(HttpResult result) {
  const std::lock_guard lock(state_->mutex);
  state_->otherwise = std::move(result);
}

void RecordingTransport::answer_next(HttpResult result) {
  const std::lock_guard lock(state_->mutex);
  state_->script.push_back(std::move(result));
}

std::vector<HttpRequest> RecordingTransport::requests() const {
  const std::lock_guard lock(state_->mutex);
  return state_->requests;
}

bool RecordingTransport::wait_for_requests(std::size_t count,
                                           std::chrono::milliseconds timeout) const {
  std::unique_lock lock(state_->mutex);
  return state_->answered_one.wait_until(lock, hookline::detail::deadline_after(timeout),
                                         [&] { return state_->answered >= count; });
}

void RecordingTransport::send(HttpRequest request, Completion completion) {
  HttpResult result;
  {
    const std::lock_guard lock(state_->mutex);
    state_->requests.push_back(std::move(request));
    result = state_->otherwise;
    if (!state_->script.empty()) {
      result = std::move(state_->script.front());
      state_->script.pop_front();
    }
  }
  completion(std::move(result));
  const std::lock_guard lock(state_->mutex);
  ++state_->answered;
  state_->answered_one.notify_all();
}

// --- FunctionTransport ---------------------------------------------------------------------------

FunctionTransport::FunctionTransport(Function function) : function_(std::move(function)) {}

void FunctionTransport::send(HttpRequest request, Completion completion) {
  function_(request, std::move(completion));
}

// --- ManualClock ---------------------------------------------------------------------------------

struct ManualClock::State {
  using Listeners = std::list<std::function<void()>>;

  std::mutex time_mutex;
  std::chrono::steady_clock::time_point steady = std::chrono::steady_clock::now();
  std::chrono::system_clock::time_point system;

  // Held while listeners are called, so that none is called after its subscription has ended. Apart
  // from the time, since a listener asks what time it is.
  std::mutex listeners_mutex;
  Listeners listeners;

  void tell() {
    const std::lock_guard lock(listeners_mutex);
    for (const auto& moved : listeners) moved();
  }
};

namespace {

class ListenerSubscription final : public Clock::Subscription {
 public:
  explicit ListenerSubscription(std::function<void()> end) : end_(std::move(end)) {}
  ~ListenerSubscription() override { end_(); }

 private:
  std::function<void()> end_;
};

}  // namespace

ManualClock::ManualClock(std::chrono::system_clock::time_point start)
    : state_(std::make_shared<State>()) {
  state_->system = start;
}

ManualClock::~ManualClock() = default;

void ManualClock::advance(std::chrono::milliseconds duration) {
  {
    const std::lock_guard lock(state_->time_mutex);
    state_->steady += duration;
    state_->system += duration;
  }
  state_->tell();
}

void ManualClock::set_system_time(std::chrono::system_clock::time_point now) {
  {
    const std::lock_guard lock(state_->time_mutex);
    state_->system = now;
  }
  state_->tell();
}

std::chrono::steady_clock::time_point ManualClock::steady_now() const {
  const std::lock_guard lock(state_->time_mutex);
  return state_->steady;
}

std::chrono::system_clock::time_point ManualClock::system_now() const {
  const std::lock_guard lock(state_->time_mutex);
  return state_->system;
}

std::unique_ptr<Clock::Subscription> ManualClock::on_move(std::function<void()> moved) {
  const std::lock_guard lock(state_->listeners_mutex);
  const auto place = state_->listeners.insert(state_->listeners.end(), std::move(moved));
  return std::make_unique<ListenerSubscription>([state = state_, place] {
    const std::lock_guard end_lock(state->listeners_mutex);
    state->listeners.erase(place);
  });
}

}  // namespace hookline::testing
