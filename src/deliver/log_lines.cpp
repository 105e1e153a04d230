#include "deliver/log_lines.hpp"

#include <fmt/format.h>

#include "base/text.hpp"

namespace hookline::detail {

std::string name_of(const LaneKey& lane) {
  const std::string tenant =
      lane.tenant.empty() ? "" : fmt::format(" of tenant {}", quoted(lane.tenant));
  return lane.webhook_id.empty() ? fmt::format("{}{}", lane.origin, tenant)
                                 : fmt::format("webhook {}{}", lane.webhook_id, tenant);
}

LogLevel level_of(Remark::Kind kind) {
  switch (kind) {
    case Remark::Kind::sender_offline:
    case Remark::Kind::store_failing:
      return LogLevel::error;
    case Remark::Kind::sender_online:
    case Remark::Kind::lane_recovered:
    case Remark::Kind::store_recovered:
      return LogLevel::info;
    case Remark::Kind::lane_resting:
    case Remark::Kind::lease_lost:
      break;
  }
  return LogLevel::warning;
}

std::string line_of(const Remark& remark) {
  switch (remark.kind) {
    case Remark::Kind::sender_offline:
      return "nobody can be reached: this side is offline, tries do not count";
    case Remark::Kind::sender_online:
      return "somebody answers again";
    case Remark::Kind::lane_resting:
      return fmt::format("{} rests {}", name_of(remark.lane), printable(remark.text, 240));
    case Remark::Kind::lane_recovered:
      return fmt::format("{} works again", name_of(remark.lane));
    case Remark::Kind::lease_lost:
      return fmt::format("an answer of {} came too late to count", name_of(remark.lane));
    case Remark::Kind::store_failing:
      return remark.text;
    case Remark::Kind::store_recovered:
      return "store: it works again";
  }
  return "";
}

}  // namespace hookline::detail
