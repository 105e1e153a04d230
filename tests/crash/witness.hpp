#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <unordered_map>

#include "hookline/observer.hpp"
#include "hookline/testing.hpp"

namespace hookline::crash {

/// Receiver and observer in one: answers most requests with 200, hears of outcomes, and keeps what
/// must not be. For one webhook.
class Witness : public Observer {
 public:
  explicit Witness(std::uint64_t seed) : random_(seed) {}

  [[nodiscard]] HttpResult receive(const HttpRequest& request) {
    const std::lock_guard lock(mutex_);
    const std::string message = testing::header(request, "webhook-id");
    if (recorded_.count(message) > 0) faults_ += message + " was sent after it was recorded\n";
    if (random_() % 8 == 0) return testing::status(500);
    ++answers_[message];
    return testing::status(200);
  }

  void on_outcome(const Delivery& delivery) override {
    const std::lock_guard lock(mutex_);
    if (delivery.status != DeliveryStatus::delivered) {
      faults_ +=
          delivery.message_id + " ended as " + std::string(to_string(delivery.status)) + "\n";
    }
    if (!recorded_.insert(delivery.message_id).second) {
      faults_ += delivery.message_id + " was recorded twice\n";
    }
  }

  [[nodiscard]] bool has(const std::string& message) const {
    const std::lock_guard lock(mutex_);
    return answers_.count(message) > 0;
  }
  /// Everything that was answered with 200, and how often.
  [[nodiscard]] std::unordered_map<std::string, int> answers() const {
    const std::lock_guard lock(mutex_);
    return answers_;
  }
  [[nodiscard]] std::string faults() const {
    const std::lock_guard lock(mutex_);
    return faults_;
  }

 private:
  mutable std::mutex mutex_;
  std::mt19937_64 random_;
  std::unordered_map<std::string, int> answers_;
  std::set<std::string> recorded_;
  std::string faults_;
};

}  // namespace hookline::crash
