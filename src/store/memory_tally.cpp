#include "deliver/delivery_record.hpp"
#include "store/memory_rows.hpp"

namespace hookline::detail {

void Tally::add(const DeliveryRow& row) {
  ++counter(row.record.status);
  if (is_finished(row.record.status)) return;
  unfinished_.emplace(row.record.id, row.record.created_at);
  if (row.body()) counts_.pending_bytes += row.body()->size();
}

void Tally::remove(const DeliveryRow& row) {
  --counter(row.record.status);
  if (is_finished(row.record.status)) return;
  unfinished_.erase(row.record.id);
  if (row.body()) counts_.pending_bytes -= row.body()->size();
}

DeliveryCounts Tally::counts() const {
  DeliveryCounts counts = counts_;
  if (!unfinished_.empty()) counts.oldest_unfinished = unfinished_.begin()->second;
  return counts;
}

bool Tally::empty() const {
  return unfinished_.empty() && counts_.delivered + counts_.exhausted + counts_.discarded == 0;
}

std::uint64_t& Tally::counter(DeliveryStatus status) {
  switch (status) {
    case DeliveryStatus::pending:
      return counts_.pending;
    case DeliveryStatus::in_flight:
      return counts_.in_flight;
    case DeliveryStatus::delivered:
      return counts_.delivered;
    case DeliveryStatus::exhausted:
      return counts_.exhausted;
    case DeliveryStatus::discarded:
      break;
  }
  return counts_.discarded;
}

}  // namespace hookline::detail
