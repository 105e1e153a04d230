#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "hookline/clock.hpp"
#include "hookline/export.hpp"
#include "hookline/transport.hpp"

/// What a host application needs to test its own import code without a network and without waiting:
///
///     auto transport = std::make_shared<hookline::testing::RecordingTransport>();
///     hookline::DispatcherOptions options;
///     options.transport = transport;
///     options.store = std::make_shared<hookline::MemoryStore>();
///     auto dispatcher = hookline::Dispatcher::create(registry, options).value();
///     run_my_import(*dispatcher);
///     dispatcher->flush(std::chrono::seconds(5));
///     REQUIRE(transport->requests().size() == 1);
namespace hookline::testing {

/// An answer without a body.
[[nodiscard]] HOOKLINE_API HttpResult status(int code);
/// An answer with a `retry-after` header.
[[nodiscard]] HOOKLINE_API HttpResult retry_after(int code, std::string value);
/// No answer.
[[nodiscard]] HOOKLINE_API HttpResult failure(FailureClass failure,
                                              std::string message = "scripted");

/// Answers at once from a script and keeps every request. Usable from any thread.
class HOOKLINE_API RecordingTransport final : public Transport {
 public:
  /// What requests are answered with when the script has run out: 200 until this is called.
  void answer(HttpResult result);
  /// Adds one answer to the end of the script.
  void answer_next(HttpResult result);

  [[nodiscard]] std::vector<HttpRequest> requests() const;
  /// Waits until this many requests have come in all and were answered, so that the dispatcher
  /// knows the outcome of each before a test moves its clock; false if `timeout` passed first.
  bool wait_for_requests(std::size_t count, std::chrono::milliseconds timeout) const;

  void send(HttpRequest request, Completion completion) override;

  RecordingTransport();
  ~RecordingTransport() override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Hands every request to a function, with the completion to call when the answer is there.
class HOOKLINE_API FunctionTransport final : public Transport {
 public:
  using Function = std::function<void(const HttpRequest&, Completion)>;
  explicit FunctionTransport(Function function);
  void send(HttpRequest request, Completion completion) override;

 private:
  Function function_;
};

/// The value of a request's header, or an empty string. Names are compared without case.
[[nodiscard]] HOOKLINE_API std::string header(const HttpRequest& request, std::string_view name);

/// A clock that stands still until it is moved. Usable from any thread.
class HOOKLINE_API ManualClock final : public Clock {
 public:
  /// Starts at this system time.
  explicit ManualClock(std::chrono::system_clock::time_point start =
                           std::chrono::system_clock::time_point(std::chrono::seconds(1700000000)));
  ~ManualClock() override;

  /// Moves steady and system time forward.
  void advance(std::chrono::milliseconds duration);
  /// Moves system time alone, forward or back, as an operator or NTP would.
  void set_system_time(std::chrono::system_clock::time_point now);

  std::chrono::steady_clock::time_point steady_now() const override;
  std::chrono::system_clock::time_point system_now() const override;
  std::unique_ptr<Subscription> on_move(std::function<void()> moved) override;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace hookline::testing
