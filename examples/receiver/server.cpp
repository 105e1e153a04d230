#include "receiver/server.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <thread>
#include <utility>

#include "receiver/request_text.hpp"

namespace receiver {
namespace {

constexpr std::size_t kThreads = 64;  // each connection has one for as long as it is open
constexpr std::size_t kMaxBodyBytes = 16 * 1024 * 1024;
constexpr std::time_t kIdleSeconds = 1;  // how long an idle connection can hold up the end

void share_no_port(socket_t socket);

}  // namespace

Server::Server(Options options, std::function<void()> on_enough)
    : options_(std::move(options)), on_enough_(std::move(on_enough)) {
  server_.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
  server_.set_payload_max_length(kMaxBodyBytes);
  server_.set_keep_alive_timeout(kIdleSeconds);
  server_.set_keep_alive_max_count(1'000'000);
  server_.set_socket_options(share_no_port);
  set_handlers();
}

std::uint16_t Server::bind() {
  if (options_.port != 0) {
    return server_.bind_to_port(options_.host, options_.port) ? options_.port : 0;
  }
  return static_cast<std::uint16_t>(std::max(0, server_.bind_to_any_port(options_.host)));
}

bool Server::run() {
  const bool served = server_.listen_after_bind();
  const std::lock_guard lock(mutex_);
  ended_ = true;
  return served;
}

void Server::stop() {
  std::unique_lock lock(mutex_);
  stopping_ = true;
  stopped_.notify_all();
  // httplib forgets a stop that comes before it is running.
  while (!ended_ && !server_.is_running()) {
    lock.unlock();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    lock.lock();
  }
  lock.unlock();
  server_.stop();
}

void Server::set_handlers() {
  const auto handler = [this](const httplib::Request& request, httplib::Response& response) {
    answer(request, response);
  };
  const std::string any = R"([\s\S]*)";
  server_.Get(any, handler).Post(any, handler).Put(any, handler).Patch(any, handler);
  server_.Delete(any, handler).Options(any, handler);
  // What httplib refuses by itself (broken, too long) comes to no handler, but it was received too.
  server_.set_logger([this](const httplib::Request& request, const httplib::Response& response) {
    if (request.matches.empty()) print(request, response.status);
  });
}

void Server::answer(const httplib::Request& request, httplib::Response& response) {
  const int status = next_status();
  print(request, status);
  wait_out_the_delay();
  response.status = status;
  const bool success = status >= 200 && status < 300;
  if (!success && !options_.retry_after.empty()) {
    response.set_header("Retry-After", options_.retry_after);
  }
  count_answer();
}

int Server::next_status() {
  const std::lock_guard lock(mutex_);
  const std::size_t last = options_.statuses.size() - 1;
  return options_.statuses[std::min<std::uint64_t>(begun_++, last)];
}

void Server::wait_out_the_delay() {
  std::unique_lock lock(mutex_);
  stopped_.wait_for(lock, options_.delay, [this] { return stopping_; });
}

void Server::count_answer() {
  const std::lock_guard lock(mutex_);
  if (++answered_ == options_.count) on_enough_();
}

void Server::print(const httplib::Request& request, int status) {
  const std::string text = request_text(request, status, options_.secrets);
  const std::lock_guard lock(output_);
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

namespace {

/// In place of httplib's default, which lets two servers share one port without a word.
void share_no_port(socket_t socket) {
  const int on = 1;
  setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
}

}  // namespace
}  // namespace receiver
