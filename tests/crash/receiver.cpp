#include "crash/receiver.hpp"

#include <chrono>
#include <memory>

namespace hookline::crash {
namespace {

constexpr int kMostFailures = 3;  // of one event, so that no schedule ends

std::string import_id_in(const std::string& body) {
  const std::string before = "\"id\":\"";
  const std::size_t start = body.find(before) + before.size();
  return body.substr(start, body.find('"', start) - start);
}

}  // namespace

std::unique_ptr<fakes::HttpServer> Receiver::serve() {
  return std::make_unique<fakes::HttpServer>(
      [this](fakes::Exchange& exchange) { answer(exchange); });
}

std::vector<Arrival> Receiver::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(arrivals_, {});
}

void Receiver::answer(fakes::Exchange& exchange) {
  const auto& request = exchange.request();
  Arrival arrival;
  arrival.import_id = import_id_in(request.body);
  arrival.message_id = request.header("webhook-id");
  arrival.webhook_id = request.target.substr(1);
  bool slow;
  {
    const std::lock_guard lock(mutex_);
    arrival.accepted = !fails(arrival);
    slow = random_() % 4 == 0;
    arrivals_.push_back(arrival);
  }
  if (slow) exchange.pause(std::chrono::milliseconds(5));
  exchange.respond(arrival.accepted ? 200 : 500);
}

bool Receiver::fails(const Arrival& arrival) {
  const unsigned percent = arrival.webhook_id == "shaky" ? 15 : 4;
  if (random_() % 100 >= percent) return false;
  return ++failures_[arrival.import_id + " " + arrival.webhook_id] <= kMostFailures;
}

}  // namespace hookline::crash
