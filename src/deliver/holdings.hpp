#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <unordered_map>
#include <vector>

#include "hookline/delivery_store.hpp"

namespace hookline::detail {

/// What the claims in memory weigh, in all and for each tenant, against a limit. No tenant has more
/// than half of it, so that one with thousands of slow receivers leaves room for the others.
///
/// What the store is asked for may turn out heavy, so it has to find room as if it were; but while
/// it is asked for it takes none from new deliveries, which are known. So the limit is kept by each
/// of the two, and by heavy ones in all.
class Holdings {
 public:
  static constexpr std::size_t kHeavy = 4;
  static constexpr std::size_t kLight = 1;

  /// Many small bodies may wait in memory where few large ones may.
  [[nodiscard]] static constexpr std::size_t weight_of(std::size_t body_bytes) {
    constexpr std::size_t kSmallBody = 16 * 1024;
    return body_bytes <= kSmallBody ? kLight : kHeavy;
  }
  [[nodiscard]] static std::size_t weight_of(const Claim& claim) {
    return weight_of(claim.body ? claim.body->size() : 0);
  }

  explicit Holdings(std::size_t limit) : limit_(limit) {}

  [[nodiscard]] std::size_t total() const { return all_.held + all_.asked; }

  /// Tenants that have as much as they may.
  [[nodiscard]] std::vector<std::string> full_tenants() const {
    std::vector<std::string> full;
    for (const auto& [tenant, own] : by_tenant_) {
      if (room(tenant) == 0) full.push_back(tenant);
    }
    return full;
  }

  [[nodiscard]] bool full() const { return total() + kHeavy > limit_; }

  /// How many more claims this tenant may ask the store for.
  [[nodiscard]] std::size_t room(const std::string& tenant) const {
    const Load own = load_of(tenant);
    return room_beside(all_.held + all_.asked, own.held + own.asked) / kHeavy;
  }

  /// Whether this tenant may have another one of any size.
  [[nodiscard]] bool has_room_for_new(const std::string& tenant) const {
    return room_beside(all_.held, load_of(tenant).held) >= kHeavy;
  }

  void add(const std::string& tenant, std::size_t weight) {
    change(tenant, [&](Load& load) { load.held += weight; });
  }
  void remove(const std::string& tenant, std::size_t weight) {
    change(tenant, [&](Load& load) { load.held -= weight; });
  }
  void ask(const std::string& tenant, std::size_t count) {
    change(tenant, [&](Load& load) { load.asked += count * kHeavy; });
  }
  /// They have come, or not.
  void end_asking(const std::string& tenant, std::size_t count) {
    change(tenant, [&](Load& load) { load.asked -= count * kHeavy; });
  }

 private:
  struct Load {
    std::size_t held = 0;
    std::size_t asked = 0;
  };

  [[nodiscard]] Load load_of(const std::string& tenant) const {
    const auto found = by_tenant_.find(tenant);
    return found == by_tenant_.end() ? Load() : found->second;
  }

  [[nodiscard]] std::size_t room_beside(std::size_t all, std::size_t own) const {
    const std::size_t share = std::max(limit_ / 2, kHeavy);
    return all >= limit_ || own >= share ? 0 : std::min(limit_ - all, share - own);
  }

  template <class Change>
  void change(const std::string& tenant, Change change) {
    const auto own = by_tenant_.try_emplace(tenant).first;
    change(own->second);
    change(all_);
    if (own->second.held + own->second.asked == 0) by_tenant_.erase(own);
  }

  const std::size_t limit_;
  Load all_;
  std::unordered_map<std::string, Load> by_tenant_;
};

}  // namespace hookline::detail
