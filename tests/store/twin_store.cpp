#include "store/twin_store.hpp"

#include <algorithm>
#include <sstream>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "catch.hpp"

namespace hookline::fakes {
namespace {

/// Writes down what an answer says, so that a difference can be read.
class Notes {
 public:
  [[nodiscard]] std::string text() const { return out_.str(); }

  template <class T>
  Notes& operator<<(const T& value) {
    if constexpr (std::is_enum_v<T>) {
      out_ << static_cast<int>(value) << ' ';
    } else {
      out_ << value << ' ';
    }
    return *this;
  }
  template <class Clock, class Duration>
  Notes& operator<<(std::chrono::time_point<Clock, Duration> time) {
    return *this << std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch())
                        .count();
  }
  template <class T>
  Notes& operator<<(const std::optional<T>& value) {
    return value ? *this << *value : *this << "-";
  }
  template <class T>
  Notes& operator<<(const std::vector<T>& values) {
    *this << '[';
    for (const T& value : values) *this << value;
    return *this << "]\n";
  }
  Notes& operator<<(const std::shared_ptr<const std::string>& body) {
    return body ? *this << body->size() : *this << "none";
  }
  Notes& operator<<(const Error& error) { return *this << error.code; }
  Notes& operator<<(const LaneKey& key) {
    return *this << '{' << key.tenant << key.webhook_id << key.origin << '}';
  }
  Notes& operator<<(const AcceptedDelivery& delivery) {
    return *this << delivery.id << delivery.webhook_id << delivery.refused;
  }
  Notes& operator<<(const DispatchReceipt& receipt) {
    return *this << receipt.message_id << receipt.import_id << receipt.event << receipt.deliveries
                 << receipt.headless_error;
  }
  Notes& operator<<(const AppendedEvent& event) {
    return *this << event.receipt << event.repeated << event.ids;
  }
  Notes& operator<<(const Delivery& d) {
    return *this << d.id << d.message_id << d.tenant << d.import_id << d.event << d.webhook_id
                 << d.url << d.status << d.attempts << d.http_status << d.error << d.created_at
                 << d.next_attempt_at << d.finished_at << d.replay_of << '\n';
  }
  Notes& operator<<(const Attempt& a) {
    return *this << a.number << a.started_at << a.duration.count() << a.url << a.http_status
                 << a.failure << a.error << a.response_body;
  }
  Notes& operator<<(const Claim& c) {
    return *this << c.id << c.lease << c.lease_until << c.due << c.lane << c.attempts
                 << c.message_id << c.import_id << c.event << c.url << c.body << c.created_at
                 << c.replay_of << '\n';
  }
  Notes& operator<<(const RecordedOutcome& r) {
    return *this << r.recorded << r.taken_off << r.failing_since;
  }
  Notes& operator<<(const ClaimedLane& c) { return *this << c.lane << c.claims << c.more; }
  Notes& operator<<(const StoreReply& r) {
    return *this << r.recorded << r.claimed << r.due_lanes << r.next_due << r.pruned << r.next_prune
                 << r.paused;
  }
  Notes& operator<<(const StoreBite& b) {
    return *this << b.count << b.deliveries << b.next.has_value();
  }
  Notes& operator<<(const DeliveryPage& p) { return *this << p.deliveries << p.next; }
  Notes& operator<<(const LaneStats& l) {
    return *this << l.tenant << l.webhook_id << l.origin << l.pending << l.in_flight
                 << l.oldest_unfinished << l.failing_since << '\n';
  }
  Notes& operator<<(LanePage page) {
    std::sort(page.lanes.begin(), page.lanes.end(), [](const LaneStats& a, const LaneStats& b) {
      return std::tie(a.tenant, a.webhook_id, a.origin) <
             std::tie(b.tenant, b.webhook_id, b.origin);
    });
    return *this << page.lanes << page.next.has_value();
  }
  Notes& operator<<(const DeliveryCounts& c) {
    return *this << c.pending << c.in_flight << c.delivered << c.exhausted << c.discarded
                 << c.pending_bytes << c.oldest_unfinished;
  }
  template <class T>
  Notes& operator<<(const Result<T>& result) {
    if (!result) return *this << "error" << result.error();
    if constexpr (!std::is_void_v<T>) *this << *result;
    return *this;
  }

 private:
  std::ostringstream out_;
};

/// Shows the first line that differs, since answers can be long.
void check_same(const std::string& expected, const std::string& answer) {
  if (expected == answer) return;
  std::istringstream left(expected);
  std::istringstream right(answer);
  std::string left_line;
  std::string right_line;
  do {
    left_line.clear();
    right_line.clear();
    std::getline(left, left_line);
    std::getline(right, right_line);
  } while (left_line == right_line);
  REQUIRE(right_line == left_line);
}

class Twins final : public DeliveryStore {
 public:
  Twins(std::unique_ptr<DeliveryStore> model, std::unique_ptr<DeliveryStore> tested)
      : model_(std::move(model)), tested_(std::move(tested)) {}

  std::vector<Result<AppendedEvent>> append(std::vector<NewEvent> events,
                                            const Quotas& quotas) override {
    return both([&](DeliveryStore& store) { return store.append(events, quotas); });
  }
  Result<StoreReply> exchange(const StoreWork& work) override {
    return both([&](DeliveryStore& store) { return store.exchange(work); });
  }
  Result<Delivery> replay(DeliveryId id, const Moment& now) override {
    return both([&](DeliveryStore& store) { return store.replay(id, now); });
  }
  Result<StoreBite> recover(const RecoverQuery& query, const Moment& now) override {
    return both([&](DeliveryStore& store) { return store.recover(query, now); });
  }
  Result<StoreBite> discard(const DeliveryQuery& query, const std::string& reason,
                            const Moment& now) override {
    return both([&](DeliveryStore& store) { return store.discard(query, reason, now); });
  }
  Result<StoreBite> erase(const EraseQuery& query, std::size_t limit) override {
    return both([&](DeliveryStore& store) { return store.erase(query, limit); });
  }
  Result<void> set_paused(bool paused) override {
    return both([&](DeliveryStore& store) { return store.set_paused(paused); });
  }
  Result<Delivery> find(DeliveryId id) const override {
    return both([&](DeliveryStore& store) { return store.find(id); });
  }
  Result<DeliveryPage> list(const DeliveryQuery& query) const override {
    return both([&](DeliveryStore& store) { return store.list(query); });
  }
  Result<std::vector<Attempt>> attempts(DeliveryId id) const override {
    return both([&](DeliveryStore& store) { return store.attempts(id); });
  }
  Result<LanePage> lanes(const LaneQuery& query) const override {
    return both([&](DeliveryStore& store) { return store.lanes(query); });
  }
  Result<DeliveryCounts> counts(const std::optional<std::string>& tenant) const override {
    return both([&](DeliveryStore& store) { return store.counts(tenant); });
  }
  Result<bool> has_unfinished(DeliveryId up_to) const override {
    return both([&](DeliveryStore& store) { return store.has_unfinished(up_to); });
  }
  Result<DeliveryId> newest() const override {
    return both([&](DeliveryStore& store) { return store.newest(); });
  }
  Result<DueTime> last_time() const override {
    return both([&](DeliveryStore& store) { return store.last_time(); });
  }

 private:
  template <class Ask>
  auto both(Ask ask) const -> decltype(ask(std::declval<DeliveryStore&>())) {
    const auto expected = ask(*model_);
    auto answer = ask(*tested_);
    Notes left;
    Notes right;
    left << expected;
    right << answer;
    check_same(left.text(), right.text());
    return answer;
  }

  const std::unique_ptr<DeliveryStore> model_;
  const std::unique_ptr<DeliveryStore> tested_;
};

}  // namespace

std::unique_ptr<DeliveryStore> twins(std::unique_ptr<DeliveryStore> model,
                                     std::unique_ptr<DeliveryStore> tested) {
  return std::make_unique<Twins>(std::move(model), std::move(tested));
}

}  // namespace hookline::fakes
