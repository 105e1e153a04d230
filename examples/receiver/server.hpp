#pragma once

#include <httplib.h>

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>

#include "receiver/options.hpp"

namespace receiver {

/// Answers every request as the options say and prints it when it comes in.
class Server {
 public:
  /// `on_enough` is called once, from a thread of the server, when `Options::count` requests are
  /// answered.
  Server(Options options, std::function<void()> on_enough);

  /// The port, or 0 if the address cannot be had.
  std::uint16_t bind();
  /// Serves until `stop`; false if that fails.
  bool run();
  /// Cuts delays short, lets requests that are in be answered and ends `run`, also one that has yet
  /// to begin. For one thread, once.
  void stop();

 private:
  void set_handlers();
  void answer(const httplib::Request& request, httplib::Response& response);
  int next_status();
  void wait_out_the_delay();
  void count_answer();
  void print(const httplib::Request& request, int status);

  const Options options_;
  const std::function<void()> on_enough_;
  httplib::Server server_;

  std::mutex mutex_;
  std::condition_variable stopped_;
  bool stopping_ = false;
  bool ended_ = false;
  std::uint64_t begun_ = 0;
  std::uint64_t answered_ = 0;
  std::mutex output_;
};

}  // namespace receiver
