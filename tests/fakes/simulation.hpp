#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <queue>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "deliver/delivery_core.hpp"
#include "hookline/memory_store.hpp"

namespace hookline::fakes {

/// The delivery core in virtual time, with receivers that fail, hang, throttle and die, a store
/// that is slow and fails, webhooks that are paused and removed, and crashes in between: all of it
/// drawn from one seed, so that a failure can be run again.
///
/// A model beside the core knows what may happen. What must not happen is kept as a line of text:
/// `run` returns the first one, or nothing.
class Simulation {
 public:
  struct Options {
    int webhooks = 12;
    int tenants = 3;
    int dispatches = 300;
    double store_failure = 0.05;  ///< the part of rounds and appends that fail
    bool crashes = true;
    bool changes = true;  ///< webhooks are paused, resumed, removed
  };

  explicit Simulation(std::uint64_t seed) : Simulation(seed, Options()) {}
  Simulation(std::uint64_t seed, Options options);
  ~Simulation();

  [[nodiscard]] std::optional<std::string> run();
  /// A digest of everything that was sent, and when. Equal seeds give equal digests.
  [[nodiscard]] std::uint64_t digest() const { return digest_; }
  [[nodiscard]] std::uint64_t requests() const { return requests_; }
  [[nodiscard]] std::uint64_t delivered() const { return delivered_; }

 private:
  struct Receiver;
  struct Tracked;
  class Directory;
  class Dice;
  struct Action {
    std::int64_t at;
    std::uint64_t order;
    std::function<void()> act;
    bool operator<(const Action& other) const {
      return at != other.at ? at > other.at : order > other.order;
    }
  };

  void plan_the_world();
  void after(std::int64_t delay, std::function<void()> act);
  void step();
  void settle();
  void crash();
  void dispatch();
  void append(NewEvent event, std::vector<Claim> claims);
  void change_webhook();
  void set_state(const std::string& id, detail::LaneSettings::State state);
  void send(const Claim& claim);
  void answer(DeliveryId id, std::uint64_t life, HttpResult result);
  HttpResult answer_of(Receiver& receiver);
  void work(const StoreWork& work, std::uint64_t life);
  void note(const detail::Notice& notice);
  void check_limits();
  void check_end();
  void violated(const std::string& what);
  double chance();
  std::int64_t between(std::int64_t low, std::int64_t high);
  [[nodiscard]] detail::Now now() const;

  const std::uint64_t seed_;
  const Options options_;
  std::mt19937_64 random_;
  std::int64_t now_ms_ = 1'700'000'000'000;
  std::uint64_t order_ = 0;
  std::uint64_t life_ = 0;  ///< grows with every crash: what an earlier life began is void
  std::priority_queue<Action> agenda_;
  std::map<std::string, Receiver> receivers_;  ///< by webhook
  std::map<DeliveryId, Tracked> tracked_;
  std::map<std::string, std::size_t> out_by_webhook_;
  std::size_t out_ = 0;
  MemoryStore store_;
  std::unique_ptr<Directory> directory_;
  std::unique_ptr<Dice> dice_;
  std::unique_ptr<detail::DeliveryCore> core_;
  std::optional<std::string> violation_;
  std::uint64_t digest_ = 1469598103934665603u;
  std::uint64_t requests_ = 0;
  std::uint64_t delivered_ = 0;
  int dispatched_ = 0;
};

}  // namespace hookline::fakes
