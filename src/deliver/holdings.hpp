#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <unordered_map>
#include <vector>

namespace hookline::detail {

/// How many claims are in memory, in all and for each tenant. No tenant has more than half of them,
/// so that one with thousands of slow receivers leaves room for the others.
class Holdings {
 public:
  explicit Holdings(std::size_t limit) : limit_(limit) {}

  [[nodiscard]] std::size_t total() const { return total_; }

  /// Tenants that have as much as they may.
  [[nodiscard]] std::vector<std::string> full_tenants() const {
    std::vector<std::string> full;
    for (const auto& [tenant, own] : by_tenant_) {
      if (room(tenant) == 0) full.push_back(tenant);
    }
    return full;
  }

  [[nodiscard]] bool full() const { return total_ >= limit_; }

  /// How many more this tenant may have.
  [[nodiscard]] std::size_t room(const std::string& tenant) const {
    const auto found = by_tenant_.find(tenant);
    const std::size_t own = found == by_tenant_.end() ? 0 : found->second;
    const std::size_t share = std::max<std::size_t>(limit_ / 2, 1);
    return full() || own >= share ? 0 : std::min(limit_ - total_, share - own);
  }

  void add(const std::string& tenant, std::size_t count) {
    if (count == 0) return;
    by_tenant_[tenant] += count;
    total_ += count;
  }

  void remove(const std::string& tenant, std::size_t count) {
    const auto found = by_tenant_.find(tenant);
    if (found == by_tenant_.end()) return;
    found->second -= count;
    total_ -= count;
    if (found->second == 0) by_tenant_.erase(found);
  }

 private:
  const std::size_t limit_;
  std::size_t total_ = 0;
  std::unordered_map<std::string, std::size_t> by_tenant_;
};

}  // namespace hookline::detail
