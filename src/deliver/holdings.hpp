#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <unordered_map>
#include <vector>

#include "hookline/delivery_store.hpp"

namespace hookline::detail {

/// The claims in memory, in all and for each tenant. What is waited for long, or may have a large
/// body, may be there in small number; many more may be of what has a small body and goes out
/// soon. A tenant that has half of what may be gets no more, so that one with thousands of slow
/// receivers leaves room for the others.
///
/// So claims have a weight. What the store is asked for counts as heavy against what else it could
/// be asked for, since nobody knows its bodies yet, but as light against new deliveries that are.
class Holdings {
 public:
  static constexpr std::size_t kLight = 1;
  static constexpr std::size_t kHeavy = 4;

  [[nodiscard]] static constexpr std::size_t weight_of(std::size_t body_bytes) {
    constexpr std::size_t kSmallBody = 16 * 1024;
    return body_bytes <= kSmallBody ? kLight : kHeavy;
  }
  [[nodiscard]] static std::size_t weight_of(const Claim& claim) {
    return weight_of(claim.body ? claim.body->size() : 0);
  }

  /// `limit`: of heavy ones.
  explicit Holdings(std::size_t limit)
      : limit_(limit), share_(std::max<std::size_t>(limit / 2, 1)) {}

  /// How many there are, with those that the store is asked for.
  [[nodiscard]] std::size_t total() const { return all_.count + all_.asked; }

  /// Tenants that have as much as they may.
  [[nodiscard]] std::vector<std::string> full_tenants() const {
    std::vector<std::string> full;
    for (const auto& [tenant, own] : by_tenant_) {
      if (!has_share(tenant)) full.push_back(tenant);
    }
    return full;
  }

  /// Whether nobody may ask the store for more.
  [[nodiscard]] bool full() const { return left(limit_, all_) == 0; }
  /// Whether this tenant may, as far as it depends on itself.
  [[nodiscard]] bool has_share(const std::string& tenant) const {
    return left(share_, load_of(tenant)) > 0;
  }
  /// How many more claims this tenant may ask for.
  [[nodiscard]] std::size_t room(const std::string& tenant) const {
    return std::min(left(limit_, all_), left(share_, load_of(tenant)));
  }

  /// Whether this tenant may have a new one. `soon`: what is there goes out soon.
  [[nodiscard]] bool has_room_for_new(const std::string& tenant, std::size_t weight,
                                      bool soon) const {
    const Load own = load_of(tenant);
    const bool fits = all_.beside(weight) + weight <= limit_ * kHeavy &&
                      own.beside(weight) + weight <= share_ * kHeavy;
    return fits && (soon || (total() < limit_ && own.count + own.asked < share_));
  }

  void add(const std::string& tenant, std::size_t weight) {
    change(tenant, [&](Load& load) {
      ++load.count;
      load.weight += weight;
    });
  }
  void remove(const std::string& tenant, std::size_t weight) {
    change(tenant, [&](Load& load) {
      --load.count;
      load.weight -= weight;
    });
  }
  void ask(const std::string& tenant, std::size_t count) {
    change(tenant, [&](Load& load) { load.asked += count; });
  }
  /// They have come, or not.
  void end_asking(const std::string& tenant, std::size_t count) {
    change(tenant, [&](Load& load) { load.asked -= count; });
  }

 private:
  struct Load {
    std::size_t count = 0;
    std::size_t weight = 0;
    std::size_t asked = 0;

    /// What stands beside one of this weight.
    [[nodiscard]] std::size_t beside(std::size_t other) const { return weight + asked * other; }
  };

  /// How many heavy ones fit in beside what is there.
  [[nodiscard]] static std::size_t left(std::size_t limit, const Load& load) {
    const std::size_t taken = load.beside(kHeavy);
    return taken >= limit * kHeavy ? 0 : (limit * kHeavy - taken) / kHeavy;
  }

  [[nodiscard]] Load load_of(const std::string& tenant) const {
    const auto found = by_tenant_.find(tenant);
    return found == by_tenant_.end() ? Load() : found->second;
  }

  template <class Change>
  void change(const std::string& tenant, Change change) {
    const auto own = by_tenant_.try_emplace(tenant).first;
    change(own->second);
    change(all_);
    if (own->second.count + own->second.asked == 0) by_tenant_.erase(own);
  }

  const std::size_t limit_;
  const std::size_t share_;
  Load all_;
  std::unordered_map<std::string, Load> by_tenant_;
};

}  // namespace hookline::detail
