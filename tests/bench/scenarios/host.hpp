#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include "baselines/baselines.hpp"
#include "harness/database.hpp"
#include "harness/scenario.hpp"
#include "hookline/hookline.hpp"
#include "scenarios/watched_store.hpp"

namespace hookline::bench {

/// What a host does with hookline in a scenario.
struct HostPlan {
  enum class Store { memory, sqlite };
  Store store = Store::sqlite;
  std::string url;               ///< of every webhook; `{}` in it becomes the webhook's number
  std::string store_file;        ///< one that is there; empty: a new one
  std::size_t webhooks = 1;      ///< each with an import identifier of its own
  std::size_t fan_out = 1;       ///< webhooks that one event goes to
  std::size_t in_flight = 64;    ///< requests at the same time, in all
  std::size_t per_webhook = 64;  ///< and for each webhook
  std::size_t body = 700;        ///< bytes
  /// Deliveries between `dispatch` and their record: while some are in flight, others are stored
  /// and recorded. 0: four times those in flight.
  std::size_t window = 0;
  bool deliver = true;
  bool may_fail = false;       ///< deliveries may fail, which is an error otherwise
  std::string paused_webhook;  ///< one of this id beside the others; empty: none
  double seconds = 1;
  CurlTransportOptions transport;
  std::shared_ptr<Transport> other_transport;  ///< in place of curl
  std::chrono::milliseconds timeout{15'000};
  std::function<void(DispatcherOptions&)> adjust;  ///< the last word on the options; may be empty
};

/// A program that has hookline in it. Throws `std::runtime_error` if hookline refuses something.
class Host {
 public:
  explicit Host(const Settings& settings, HostPlan plan);
  ~Host();

  /// An import that fires the webhooks from this number on; `number` goes round.
  [[nodiscard]] Import import_for(std::size_t number) const;
  void dispatch(const Import& import);

  /// Dispatches imports so that there are always `window` deliveries under way, as long as this
  /// takes. With a store on the disk those that are due together share a call of `dispatch_batch`.
  void work(Steady::duration time);

  /// `work` for a quarter of the time, and then for all of it, measured.
  [[nodiscard]] Figures measure();

  [[nodiscard]] Dispatcher& dispatcher() { return *dispatcher_; }
  [[nodiscard]] WebhookRegistry& registry() { return *registry_; }
  [[nodiscard]] WatchedStore& store() { return *store_; }
  [[nodiscard]] const std::string& file() const { return file_; }

  /// Deliveries that `work` has dispatched so far.
  std::uint64_t dispatched = 0;

 private:
  void add_webhooks();
  void open_store(const Settings& settings);
  void refill(std::size_t count);

  HostPlan plan_;
  std::optional<TemporaryFile> temporary_;
  std::string file_;
  std::unique_ptr<WebhookRegistry> registry_;
  std::shared_ptr<WatchedStore> store_;
  std::unique_ptr<Dispatcher> dispatcher_;
  std::string padding_;  ///< fills the body up
  std::size_t next_ = 0;
};

/// The same requests for a baseline.
[[nodiscard]] BarePlan bare_plan(const HostPlan& plan);

/// hookline and the bare loop on the same requests, as sides of a scenario.
[[nodiscard]] Side hookline_side(const Settings& settings, HostPlan plan);
[[nodiscard]] Side bare_side(const Settings& settings, const HostPlan& plan);

/// The parts of hookline in a row and nothing between them: one thread builds, signs and stores,
/// the transport's sends, and one records. Nothing is matched, limited, claimed, retried or
/// reported.
[[nodiscard]] Side joined_side(const Settings& settings, const HostPlan& plan);

/// The import that a body as long as in `plan` is built from.
[[nodiscard]] Import import_of(const HostPlan& plan);

/// A body as hookline builds it, of this many bytes.
[[nodiscard]] std::string body_of(std::size_t bytes);

/// What lets hookline talk to the server of the benchmark.
[[nodiscard]] AddressPolicy loopback_policy();

/// Throws what an expected value says if there is none.
template <class T>
T checked(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

}  // namespace hookline::bench
