#pragma once

#include <cstddef>

#include "hookline/memory_store.hpp"

namespace hookline::detail {

/// What something takes of the bounds of a memory store.
struct Weight {
  std::size_t deliveries = 0;
  std::size_t bytes = 0;
  bool pinned = false;  ///< must stay; the rest leaves when room is wanted
};

/// How much of a memory store's bounds is taken, by everything and by what must stay.
class MemoryRoom {
 public:
  explicit MemoryRoom(MemoryStoreOptions bounds) : bounds_(bounds) {}

  /// `of` becomes `to`, and the sums follow.
  void change(Weight& of, const Weight& to) {
    all_.deliveries += to.deliveries - of.deliveries;  // unsigned: what wraps comes back
    all_.bytes += to.bytes - of.bytes;
    if (of.pinned) {
      pinned_.deliveries -= of.deliveries;
      pinned_.bytes -= of.bytes;
    }
    if (to.pinned) {
      pinned_.deliveries += to.deliveries;
      pinned_.bytes += to.bytes;
    }
    of = to;
  }

  [[nodiscard]] bool fits(const Weight& more) const { return fits(all_, more); }
  /// Whether it would fit if everything left that may.
  [[nodiscard]] bool could_fit(const Weight& more) const { return fits(pinned_, more); }

  [[nodiscard]] const Weight& pinned() const { return pinned_; }
  [[nodiscard]] const MemoryStoreOptions& bounds() const { return bounds_; }

 private:
  [[nodiscard]] bool fits(const Weight& taken, const Weight& more) const {
    return taken.deliveries + more.deliveries <= bounds_.max_deliveries &&
           taken.bytes + more.bytes <= bounds_.max_bytes;
  }

  const MemoryStoreOptions bounds_;
  Weight all_;
  Weight pinned_;
};

}  // namespace hookline::detail
