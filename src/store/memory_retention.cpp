#include "store/memory_retention.hpp"

#include <algorithm>
#include <chrono>

namespace hookline::detail {
namespace {

constexpr const char* kWaitedTooLong = "waited longer than retention allows";

/// When what is of that time is so old; never, if that is later than time goes.
DueTime when_old(DueTime at, std::chrono::seconds age) {
  const auto room = DueTime::max() - std::max(at, DueTime());
  return age < std::chrono::duration_cast<std::chrono::seconds>(room) ? at + age : DueTime::max();
}

/// When the first entry of a timetable will be so old.
DueTime first_old(const Timetable& table, std::chrono::seconds age) {
  return table.empty() ? DueTime::max() : when_old(table.begin()->first, age);
}

/// The times from which on each kind of record has something to prune.
struct Ages {
  Ages(MemoryTables& tables, const Retention& retention)
      : delivered(first_old(tables.delivered(), retention.delivered)),
        failed(first_old(tables.failed(), retention.exhausted_and_discarded)),
        pending(first_old(tables.pending(), retention.pending)),
        bodies(retention.bodies ? first_old(tables.resting(), *retention.bodies) : DueTime::max()),
        keys(tables.keys().next_expiry().value_or(DueTime::max())) {}

  DueTime delivered;
  DueTime failed;
  DueTime pending;
  DueTime bodies;
  DueTime keys;
};

DeliveryRow& first_of(MemoryTables& tables, const Timetable& table) {
  return *tables.find(table.begin()->second);
}

}  // namespace

std::vector<Delivery> prune(MemoryTables& tables, const StoreWork& work) {
  std::vector<Delivery> discarded;
  for (std::size_t left = work.prune; left > 0; --left) {
    const Ages due(tables, work.retention);
    if (due.delivered <= work.now) {
      tables.forget(first_of(tables, tables.delivered()));
    } else if (due.failed <= work.now) {
      tables.forget(first_of(tables, tables.failed()));
    } else if (due.pending <= work.now) {
      DeliveryRow& row = first_of(tables, tables.pending());
      tables.end(row, DeliveryStatus::discarded, kWaitedTooLong, {work.now, work.wall});
      discarded.push_back(row.record);
    } else if (due.bodies <= work.now) {
      tables.drop_bodies(tables.event(tables.resting().begin()->second));
    } else if (due.keys <= work.now) {
      tables.keys().forget_next();
    } else {
      break;
    }
  }
  return discarded;
}

std::optional<DueTime> next_prune(MemoryTables& tables, const Retention& retention) {
  const Ages due(tables, retention);
  const DueTime next = std::min({due.delivered, due.failed, due.pending, due.bodies, due.keys});
  return next == DueTime::max() ? std::nullopt : std::optional(next);
}

}  // namespace hookline::detail
