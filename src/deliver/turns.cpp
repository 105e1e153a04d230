#include "deliver/turns.hpp"

#include <utility>

#include "deliver/lane.hpp"

namespace hookline::detail {

void Turns::push(Lane& lane) {
  lane.in_turn = true;
  lane.behind = nullptr;
  const auto [line, added] = lines_.try_emplace(lane.key.tenant);
  if (added) {
    tenants_.push_back(lane.key.tenant);
    line->second.first = &lane;
  } else {
    line->second.last->behind = &lane;
  }
  line->second.last = &lane;
}

Lane& Turns::pop() {
  std::string tenant = std::move(tenants_.front());
  tenants_.pop_front();
  const auto line = lines_.find(tenant);
  Lane& lane = *line->second.first;
  line->second.first = lane.behind;
  if (lane.behind == nullptr) {
    lines_.erase(line);
  } else {
    tenants_.push_back(std::move(tenant));
  }
  lane.in_turn = false;
  return lane;
}

}  // namespace hookline::detail
