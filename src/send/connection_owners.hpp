#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <unordered_map>
#include <utility>

#include "hookline/address_policy.hpp"

namespace hookline::detail {

/// For whom a connection was dialled.
struct ConnectionOwner {
  AddressPolicy policy;
  std::string identity;  ///< stands for the client certificate and its key; empty: none

  friend bool operator==(const ConnectionOwner& a, const ConnectionOwner& b) {
    return a.identity == b.identity && a.policy == b.policy;
  }
};

/// Who owns each open connection of a transport, so that a request never goes out over one that was
/// dialled under another policy or that another webhook has identified itself on.
///
/// libcurl compares client certificates before it takes a kept connection, but not their keys
/// (CVE-2026-8932), and knows nothing of policies.
///
/// Remembers as many as it is told to, the latest ones. One that was forgotten belongs to nobody,
/// and costs a new connection. Not thread-safe: it belongs to the thread of the transport.
class ConnectionOwners {
 public:
  explicit ConnectionOwners(std::size_t capacity) : capacity_(capacity) {}

  /// `connection`: both of its ends. One of the same ends that was there before is gone.
  void dialled(const std::string& connection, ConnectionOwner owner) {
    entries_[connection] = {std::move(owner), ++count_};
    order_.emplace_back(connection, count_);
    while (order_.size() > capacity_) forget_oldest();
  }

  [[nodiscard]] bool belongs_to(const std::string& connection, const ConnectionOwner& owner) const {
    const auto found = entries_.find(connection);
    return found != entries_.end() && found->second.owner == owner;
  }

 private:
  struct Entry {
    ConnectionOwner owner;
    std::uint64_t number = 0;
  };

  void forget_oldest() {
    const auto& [connection, number] = order_.front();
    const auto found = entries_.find(connection);
    if (found != entries_.end() && found->second.number == number) entries_.erase(found);
    order_.pop_front();
  }

  std::size_t capacity_;
  std::uint64_t count_ = 0;
  std::unordered_map<std::string, Entry> entries_;
  std::deque<std::pair<std::string, std::uint64_t>> order_;
};

}  // namespace hookline::detail
