#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "hookline/delivery.hpp"
#include "hookline/quotas.hpp"
#include "store/sqlite_connection.hpp"

namespace hookline::detail {

/// What stands where, in all and by tenant, and the ids given out. Read when first asked for, and
/// written once at the end of a transaction, however often they change in it.
class SqliteCounters {
 public:
  explicit SqliteCounters(SqliteConnection& db) : db_(db) {}

  /// Reads the row of the store; a failure of the connection if a newer version has written it.
  void load();
  /// A transaction begins; what is known from the one before still stands.
  void begin();
  /// Writes what has changed.
  void flush(DueTime now);
  [[nodiscard]] std::size_t tenants_known() const { return tenants_.size() + names_.size(); }

  [[nodiscard]] std::optional<std::int64_t> find_tenant(const std::string& name);
  [[nodiscard]] std::int64_t tenant_at(const std::string& name);  ///< added if it is not there
  /// A tenant goes with its last lane and key.
  void forget_tenant_if_unused(std::int64_t id);

  void enter(std::int64_t tenant, DeliveryStatus status, std::uint64_t size);
  void leave(std::int64_t tenant, DeliveryStatus status, std::uint64_t size);
  [[nodiscard]] Result<void> check(const Quotas& quotas, std::int64_t tenant,
                                   const std::string& name, std::uint64_t deliveries,
                                   std::uint64_t bytes);

  [[nodiscard]] DeliveryId next_id();
  [[nodiscard]] DeliveryId newest() const { return newest_; }
  /// A number that is greater than all before it: puts a lane or a tenant behind the others.
  [[nodiscard]] std::int64_t next_turn();
  [[nodiscard]] bool paused() const { return paused_; }
  void set_paused(bool paused);

 private:
  struct Tenant {
    DeliveryCounts counts;
    bool dirty = false;
  };
  Tenant& tenant(std::int64_t id);
  Tenant& change(std::int64_t id);

  SqliteConnection& db_;
  DeliveryId newest_ = 0;
  std::int64_t turns_ = 0;
  Micros last_time_ = kAlways;
  bool paused_ = false;
  bool dirty_ = false;
  std::int64_t changes_at_begin_ = 0;
  DeliveryCounts all_;
  std::unordered_map<std::int64_t, Tenant> tenants_;
  std::vector<std::int64_t> changed_;  ///< tenants
  std::unordered_map<std::string, std::int64_t> names_;
};

}  // namespace hookline::detail
