#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "fakes/http_server.hpp"
#include "hookline/curl_transport.hpp"

namespace hookline {

/// A policy under which the test servers are reachable, with `networks` in place of all loopback.
inline AddressPolicy policy_for(std::vector<std::string> networks) {
  AddressPolicyOptions options;
  options.allow_http = true;
  options.allow_cidrs = std::move(networks);
  return AddressPolicy::create(options).value();
}
inline AddressPolicy loopback_policy() { return policy_for({"127.0.0.0/8", "::1/128"}); }

inline HttpRequest request_to(std::string url, AddressPolicy policy = loopback_policy()) {
  HttpRequest request;
  request.url = std::move(url);
  request.headers = {{"content-type", "application/json"}};
  request.body = std::make_shared<const std::string>("{\"a\":1}");
  request.timeout = std::chrono::seconds(10);
  request.address_policy = std::move(policy);
  return request;
}

inline std::unique_ptr<CurlTransport> make_transport(CurlTransportOptions options = {}) {
  auto transport = CurlTransport::create(std::move(options));
  if (!transport) throw std::runtime_error(transport.error().message);
  return *std::move(transport);
}

/// `200`, or the class of the failure.
inline std::string outcome(const HttpResult& result) {
  return result ? std::to_string(result->status) : std::string(to_string(result.error().failure));
}

/// Makes completions, counts how often each is called, and waits for them. The completions can
/// outlive it, as they do when a test fails half-way.
class Completions {
 public:
  Transport::Completion next() {
    const std::lock_guard lock(state_->mutex);
    const std::size_t id = state_->calls.size();
    state_->calls.push_back(0);
    return [state = state_, id](HttpResult result) {
      const std::lock_guard guard(state->mutex);
      ++state->calls[id];
      state->results.push_back(std::move(result));
      state->changed.notify_all();
    };
  }

  [[nodiscard]] bool wait_for(std::size_t count,
                              std::chrono::milliseconds timeout = std::chrono::seconds(20)) const {
    std::unique_lock lock(state_->mutex);
    return state_->changed.wait_for(lock, timeout, [&] { return state_->results.size() >= count; });
  }

  /// Results in the order in which they came.
  [[nodiscard]] std::vector<HttpResult> results() const {
    const std::lock_guard lock(state_->mutex);
    return state_->results;
  }

  /// How often each outcome came.
  [[nodiscard]] std::map<std::string, std::size_t> outcomes() const {
    std::map<std::string, std::size_t> counts;
    for (const HttpResult& result : results()) ++counts[outcome(result)];
    return counts;
  }

  [[nodiscard]] bool each_was_called_once() const {
    const std::lock_guard lock(state_->mutex);
    const auto once = [](int calls) { return calls == 1; };
    return std::all_of(state_->calls.begin(), state_->calls.end(), once);
  }

 private:
  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<int> calls;
    std::vector<HttpResult> results;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

/// Sends one request and waits for its result.
inline HttpResult deliver(Transport& transport, HttpRequest request) {
  Completions completions;
  transport.send(std::move(request), completions.next());
  if (!completions.wait_for(1)) throw std::runtime_error("no completion came");
  return completions.results().front();
}

/// Delivers to a server of its own that answers as the handler does.
inline HttpResult answer_of(fakes::HttpServer::Handler handler,
                            std::chrono::milliseconds timeout = std::chrono::seconds(10)) {
  const fakes::HttpServer server(std::move(handler));
  const auto transport = make_transport();
  HttpRequest request = request_to(server.url("/hook"));
  request.timeout = timeout;
  return deliver(*transport, std::move(request));
}

}  // namespace hookline
