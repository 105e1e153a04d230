#include "hookline/clock.hpp"

namespace hookline {
namespace {

class SystemClock final : public Clock {
 public:
  std::chrono::steady_clock::time_point steady_now() const override {
    return std::chrono::steady_clock::now();
  }
  std::chrono::system_clock::time_point system_now() const override {
    return std::chrono::system_clock::now();
  }
};

}  // namespace

Clock::Subscription::~Subscription() = default;
Clock::~Clock() = default;

// NOLINTNEXTLINE(performance-unnecessary-value-param): those that override it keep the function
std::unique_ptr<Clock::Subscription> Clock::on_move(std::function<void()>) { return nullptr; }

std::shared_ptr<Clock> system_clock() { return std::make_shared<SystemClock>(); }

}  // namespace hookline
