#include "deliver/delivery_record.hpp"
#include "store/memory_rows.hpp"

namespace hookline::detail {

void Tally::move(const DeliveryRow& row, Standing from, Standing to) {
  if (from) --counter(*from);
  if (to) ++counter(*to);
  const bool was_unfinished = from && !is_finished(*from);
  const bool unfinished = to && !is_finished(*to);
  if (was_unfinished == unfinished) return;
  const std::size_t bytes = row.body() ? row.body()->size() : 0;
  if (unfinished) {
    unfinished_.emplace_hint(unfinished_.end(), row.record.id, row.record.created_at);
    counts_.pending_bytes += bytes;
  } else {
    unfinished_.erase(row.record.id);
    counts_.pending_bytes -= bytes;
  }
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
