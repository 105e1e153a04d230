#include "deliver/turns.hpp"

#include <utility>

#include "deliver/lane.hpp"

namespace hookline::detail {

void Turns::push(Lane& lane) {
  lane.in_turn = true;
  std::deque<Lane*>& line = lines_[lane.key.tenant];
  if (line.empty()) tenants_.push_back(lane.key.tenant);
  line.push_back(&lane);
}

Lane& Turns::pop() {
  std::string tenant = std::move(tenants_.front());
  tenants_.pop_front();
  const auto line = lines_.find(tenant);
  Lane& lane = *line->second.front();
  line->second.pop_front();
  if (line->second.empty()) {
    lines_.erase(line);
  } else {
    tenants_.push_back(std::move(tenant));
  }
  lane.in_turn = false;
  return lane;
}

}  // namespace hookline::detail
