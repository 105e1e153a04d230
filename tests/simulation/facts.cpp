#include "simulation/facts.hpp"

#include <fmt/format.h>

namespace hookline::simulation {

std::string tenant_name(int tenant) { return fmt::format("t{}", tenant); }

LaneKey lane_key(const ReceiverPlan& plan) {
  const std::string name = fmt::format("r{}", plan.number);
  if (plan.basic) return {tenant_name(plan.tenant), "", "https://" + name};
  return {tenant_name(plan.tenant), name, ""};
}

int receiver_of(const LaneKey& lane) {
  const std::string& name = lane.webhook_id.empty() ? lane.origin : lane.webhook_id;
  return std::stoi(name.substr(name.rfind('r') + 1));
}

}  // namespace hookline::simulation
