#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "scenarios/host.hpp"
#include "scenarios/stored.hpp"

namespace hookline::bench {
namespace {

/// A delivery that was stored.
struct Stored {
  DeliveryId id{};
  std::size_t webhook = 0;
};

/// What has been answered and waits to be recorded, and how much is recorded.
class Answers {
 public:
  void add(Stored delivery) {
    const std::lock_guard lock(mutex_);
    answered_.push_back(delivery);
    if (answered_.size() == 1 || answered_.size() == kEnough) bell_.notify_one();
  }
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    bell_.notify_one();
  }
  /// What has gathered, when there is enough or, two milliseconds after the last time, something:
  /// the core's pace. Nothing: it was closed.
  std::optional<std::vector<Stored>> wait() {
    std::unique_lock lock(mutex_);
    bell_.wait_until(lock, last_ + std::chrono::milliseconds(2),
                     [&] { return answered_.size() >= kEnough || closed_; });
    bell_.wait(lock, [&] { return !answered_.empty() || closed_; });
    if (closed_) return std::nullopt;
    last_ = Steady::now();
    return std::exchange(answered_, {});
  }

  void add_recorded(std::size_t count) {
    const std::lock_guard lock(mutex_);
    recorded_ += count;
    more_.notify_one();
  }
  std::uint64_t wait_for(std::uint64_t recorded) {
    std::unique_lock lock(mutex_);
    more_.wait_for(lock, std::chrono::milliseconds(50), [&] { return recorded_ >= recorded; });
    return recorded_;
  }

 private:
  static constexpr std::size_t kEnough = 64;

  std::mutex mutex_;
  std::condition_variable bell_;
  std::condition_variable more_;
  std::vector<Stored> answered_;
  Steady::time_point last_;
  bool closed_ = false;
  std::uint64_t recorded_ = 0;
};

/// Sends one request after the other, so that a number of them are out. The next one takes the
/// place of one that was answered, on the thread of the transport.
class Sender {
 public:
  struct Ready {
    Stored delivery;
    HttpRequest request;
  };

  Sender(const HostPlan& plan, Answers& answers)
      : answers_(answers),
        room_(plan.in_flight),
        transport_(checked(CurlTransport::create(plan.transport))) {}
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;
  ~Sender() {
    const std::lock_guard lock(mutex_);
    ready_.clear();
  }

  void add(std::vector<Ready> ready) {
    std::unique_lock lock(mutex_);
    for (Ready& each : ready) ready_.push_back(std::move(each));
    while (room_ > 0 && !ready_.empty()) {
      --room_;
      send_next(lock);
    }
  }

  [[nodiscard]] bool failed() const { return failed_; }

 private:
  void send_next(std::unique_lock<std::mutex>& lock) {
    Ready next = std::move(ready_.front());
    ready_.pop_front();
    lock.unlock();
    transport_->send(std::move(next.request),
                     [this, delivery = next.delivery](const HttpResult& result) {
                       if (result && result->status == 200) {
                         answers_.add(delivery);
                       } else {
                         failed_ = true;
                       }
                       answered();
                     });
    lock.lock();
  }

  void answered() {
    std::unique_lock lock(mutex_);
    if (ready_.empty()) {
      ++room_;
    } else {
      send_next(lock);
    }
  }

  Answers& answers_;
  std::atomic<bool> failed_{false};
  std::mutex mutex_;  ///< guards the next two
  std::size_t room_;  ///< requests that may be out besides
  std::deque<Ready> ready_;
  std::unique_ptr<CurlTransport> transport_;  ///< ends first
};

/// All of it, with the two threads beside the transport's: the caller's, and one that records.
class Pipeline {
 public:
  Pipeline(const Settings& settings, HostPlan plan)
      : plan_(std::move(plan)),
        import_(import_of(plan_)),
        file_(settings.folder),
        sender_(std::make_unique<Sender>(plan_, answers_)) {
    SqliteStoreOptions options;
    options.path = file_.path();
    store_ = checked(SqliteStore::open(options));
    recorder_ = std::thread([this] { keep_books(); });
  }
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;
  ~Pipeline() {
    sender_.reset();
    answers_.close();
    recorder_.join();
  }

  /// Keeps four times as many under way as may be out, as long as this takes.
  void work(double time) {
    const std::uint64_t window = plan_.window > 0 ? plan_.window : 4 * plan_.in_flight;
    for (const auto end = Steady::now() + std::chrono::duration<double>(time);
         Steady::now() < end;) {
      const std::uint64_t recorded = answers_.wait_for(stored_ - std::min(stored_, window * 3 / 4));
      const std::uint64_t missing = window - std::min(window, stored_ - recorded);
      if (missing > 0) dispatch(std::max<std::size_t>(missing / plan_.fan_out, 1));
    }
  }

  [[nodiscard]] std::uint64_t recorded() { return answers_.wait_for(0); }
  [[nodiscard]] bool failed() const { return sender_->failed(); }

 private:
  void dispatch(std::size_t count) {
    const Moment now = moment_now();
    std::vector<NewEvent> events;
    for (; count > 0; --count) {
      Import import = import_;
      import.id = timed_id();
      const auto body = std::make_shared<const std::string>(checked(builder_.managed(import)));
      events.push_back(event_of(++number_, now, body, plan_.fan_out));
    }
    std::vector<Sender::Ready> ready;
    for (const NewEvent& event : events) {
      for (std::size_t i = 0; i < plan_.fan_out; ++i) ready.push_back({{}, request_for(event)});
    }
    std::size_t place = 0;
    for (const auto& appended : store_->append(std::move(events), {})) {
      for (std::size_t i = 0; i < plan_.fan_out; ++i) {
        ready[place++].delivery = {appended.value().ids.at(i), i};
      }
    }
    stored_ += ready.size();
    sender_->add(std::move(ready));
  }

  HttpRequest request_for(const NewEvent& event) const {
    const std::string& id = event.receipt.message_id;
    const std::int64_t now = 1'714'065'614;
    HttpRequest request;
    request.url = plan_.url;
    request.address_policy = policy_;
    request.headers = {{"content-type", "application/json"},
                       {"user-agent", "hookline/0.1.0"},
                       {"webhook-id", id},
                       {"webhook-timestamp", std::to_string(now)},
                       {"webhook-signature", checked(signer_.sign(id, now, *event.managed_body))}};
    request.body = event.managed_body;
    return request;
  }

  void keep_books() {
    while (const auto answered = answers_.wait()) {
      const Moment now = moment_now();
      std::vector<Outcome> outcomes;
      for (const Stored& delivery : *answered) {
        outcomes.push_back(success_of(delivery.id, delivery.webhook, now, plan_.url));
      }
      record(*store_, std::move(outcomes), now);
      answers_.add_recorded(answered->size());
    }
  }

  const HostPlan plan_;
  const Import import_;
  const AddressPolicy policy_ = loopback_policy();
  const PayloadBuilder builder_;
  const Signer signer_ = checked(Signer::create({kSecret}));
  const TemporaryFile file_;
  std::uint64_t number_ = 0;
  std::uint64_t stored_ = 0;
  Answers answers_;
  std::unique_ptr<SqliteStore> store_;
  std::unique_ptr<Sender> sender_;
  std::thread recorder_;
};

Figures run_joined(const Settings& settings, const HostPlan& plan) {
  Pipeline pipeline(settings, plan);
  pipeline.work(plan.seconds / 4);
  const std::uint64_t before = pipeline.recorded();
  const Meter meter;
  pipeline.work(plan.seconds);
  Figures figures;
  meter.add_to(figures, pipeline.recorded() - before);
  if (pipeline.failed()) throw std::runtime_error("joined: a delivery has failed");
  return figures;
}

}  // namespace

Side joined_side(const Settings& settings, const HostPlan& plan) {
  return {"joined", [=] { return run_joined(settings, plan); }};
}

}  // namespace hookline::bench
