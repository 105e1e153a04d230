#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "simulation/instance.hpp"
#include "simulation/scene.hpp"
#include "simulation/script.hpp"
#include "simulation/witness.hpp"

namespace hookline::simulation {

/// What came of a script.
struct Report {
  std::optional<Violation> violation;
  Span at{0};                ///< when it ended, or the violation happened
  std::uint64_t digest = 0;  ///< of every request and when it was made
  std::uint64_t requests = 0;
  std::uint64_t deliveries = 0;
  std::uint64_t delivered = 0;
};

/// The delivery core in virtual time, one or two instances of it over one store, with everything
/// that a script says happening to them, under the eyes of a witness.
class World {
 public:
  explicit World(const Script& script, const Seams& seams = Seams());

  [[nodiscard]] Report run();

 private:
  void act_next();
  void act(const Action& action);
  void act_on_process(const Action& action);
  void act_on_receiver(const Action& action);
  void command(const Action& action);
  void replay(const Action& action, DeliveryStore& store, const Moment& now);
  void erase(const Action& action, DeliveryStore& store, detail::DeliveryCore& core,
             const Moment& now);
  void start(Instance& instance);
  void patrol();
  void settle();
  void resume_everything();
  void configure(int receiver, const std::function<void(detail::LaneSettings&)>& change);
  void disable(const detail::DisableOrder& order);
  void store_changed(int by);
  [[nodiscard]] Instance* somebody(const Action& action);
  [[nodiscard]] bool finished() const;
  [[nodiscard]] Span last_moment() const;
  [[nodiscard]] Report report() const;

  const Script& script_;
  const Seams seams_;
  std::unique_ptr<DeliveryStore> store_;
  Scene scene_;
  Witness witness_;
  std::array<std::unique_ptr<Instance>, 2> instances_;
  std::size_t next_action_ = 0;
  bool settled_ = false;
};

/// Runs a script in a world of its own.
[[nodiscard]] inline Report run(const Script& script, const Seams& seams = Seams()) {
  return World(script, seams).run();
}

}  // namespace hookline::simulation
