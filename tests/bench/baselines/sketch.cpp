#include <curl/curl.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "baselines/baselines.hpp"
#include "harness/database.hpp"
#include "hookline/hookline.hpp"

namespace hookline::bench {
namespace {

struct Event {
  std::int64_t id = 0;
  Steady::time_point began;
  std::string message_id;
  std::string timestamp;
  std::string signature;
  std::string body;
  std::int64_t status = 0;  ///< of the answer
};

/// One thread hands over, another takes everything at once.
template <class T>
class Channel {
 public:
  /// Whether it was empty before.
  bool put(std::vector<T> items) {
    const std::lock_guard lock(mutex_);
    const bool was_empty = items_.empty();
    for (T& item : items) items_.push_back(std::move(item));
    if (was_empty) bell_.notify_one();
    return was_empty;
  }
  /// Waits until there is something or `close` was called.
  std::vector<T> wait() {
    std::unique_lock lock(mutex_);
    bell_.wait(lock, [&] { return !items_.empty() || closed_; });
    return std::exchange(items_, {});
  }
  std::vector<T> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(items_, {});
  }
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    bell_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable bell_;
  std::vector<T> items_;
  bool closed_ = false;
};

/// What has come to its end: counted, and whoever waits for it woken.
class Ledger {
 public:
  void add(const std::vector<Event>& events) {
    const auto now = Steady::now();
    const std::lock_guard lock(mutex_);
    for (const Event& event : events) latencies_.add(now - event.began);
    recorded_ += events.size();
    more_.notify_all();
  }
  std::uint64_t wait_for(std::uint64_t recorded) {
    std::unique_lock lock(mutex_);
    more_.wait_for(lock, std::chrono::milliseconds(50), [&] { return recorded_ >= recorded; });
    return recorded_;
  }
  Latencies take_latencies() {
    const std::lock_guard lock(mutex_);
    return std::exchange(latencies_, Latencies());
  }

 private:
  std::mutex mutex_;
  std::condition_variable more_;
  std::uint64_t recorded_ = 0;
  Latencies latencies_;
};

/// A libcurl-multi loop on its own thread.
class Sender {
 public:
  Sender(const BarePlan& plan, Channel<Event>& done)
      : plan_(plan), done_(done), multi_(curl_multi_init()) {
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, 2000L);
    requests_.resize(plan.in_flight);
    for (Request& request : requests_) {
      set_up(request);
      idle_.push_back(&request);
    }
    thread_ = std::thread([this] { run(); });
  }
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;
  ~Sender() {
    stopping_ = true;
    curl_multi_wakeup(multi_);
    thread_.join();
    for (Request& request : requests_) {
      curl_multi_remove_handle(multi_, request.easy);
      curl_easy_cleanup(request.easy);
      curl_slist_free_all(request.headers);
    }
    curl_multi_cleanup(multi_);
  }

  void send(std::vector<Event> events) {
    if (events_.put(std::move(events))) curl_multi_wakeup(multi_);
  }

 private:
  struct Request {
    CURL* easy = nullptr;
    curl_slist* headers = nullptr;
    Event event;
  };

  void set_up(Request& request) {
    request.easy = curl_easy_init();
    curl_easy_setopt(request.easy, CURLOPT_URL, plan_.url.c_str());
    curl_easy_setopt(request.easy, CURLOPT_POST, 1L);
    curl_easy_setopt(request.easy, CURLOPT_WRITEFUNCTION, &ignore_answer);
    curl_easy_setopt(request.easy, CURLOPT_PROXY, "");
    curl_easy_setopt(request.easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(request.easy, CURLOPT_TIMEOUT_MS, 15000L);
    curl_easy_setopt(request.easy, CURLOPT_PRIVATE, &request);
  }

  void start(Request& request, Event event) {
    request.event = std::move(event);
    curl_slist* headers = nullptr;
    for (const std::string& header :
         {std::string("content-type: application/json"), std::string("user-agent: hookline/0.1.0"),
          "webhook-id: " + request.event.message_id,
          "webhook-timestamp: " + request.event.timestamp,
          "webhook-signature: " + request.event.signature, std::string("Accept:"),
          std::string("Expect:")}) {
      headers = curl_slist_append(headers, header.c_str());
    }
    curl_easy_setopt(request.easy, CURLOPT_HTTPHEADER, headers);
    curl_slist_free_all(std::exchange(request.headers, headers));
    const std::string& body = request.event.body;
    curl_easy_setopt(request.easy, CURLOPT_POSTFIELDS, body.data());
    curl_easy_setopt(request.easy, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(body.size()));
    curl_multi_add_handle(multi_, request.easy);
  }

  void run() {
    std::deque<Event> queue;
    while (!stopping_) {
      for (Event& event : events_.take()) queue.push_back(std::move(event));
      for (; !queue.empty() && !idle_.empty(); queue.pop_front()) {
        start(*idle_.back(), std::move(queue.front()));
        idle_.pop_back();
      }
      int running = 0;
      curl_multi_perform(multi_, &running);
      if (finish() == 0) curl_multi_poll(multi_, nullptr, 0, 1000, nullptr);
    }
  }

  std::size_t finish() {
    std::vector<Event> done;
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      Request* request = nullptr;
      long status = 0;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &request);
      curl_easy_getinfo(message->easy_handle, CURLINFO_RESPONSE_CODE, &status);
      if (message->data.result != CURLE_OK || status != 200) std::terminate();
      curl_multi_remove_handle(multi_, request->easy);
      idle_.push_back(request);
      request->event.status = status;
      done.push_back(std::move(request->event));
    }
    const std::size_t count = done.size();
    if (count > 0) done_.put(std::move(done));
    return count;
  }

  const BarePlan& plan_;
  Channel<Event>& done_;
  CURLM* multi_;
  std::vector<Request> requests_;
  std::vector<Request*> idle_;
  Channel<Event> events_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

/// Writes events down and what became of them, in groups, on one thread.
class Keeper {
 public:
  explicit Keeper(const std::string& path) : db_(path) {
    db_.run(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=8000;"
        "CREATE TABLE event(id INTEGER PRIMARY KEY, message_id TEXT, body BLOB, status INTEGER)");
    insert_.emplace(db_, "INSERT INTO event VALUES(?1,?2,?3,0)");
    update_.emplace(db_, "UPDATE event SET status=?2 WHERE id=?1");
  }

  void keep(const std::vector<Event>& added, const std::vector<Event>& done) {
    db_.run(added.empty() ? "PRAGMA synchronous=NORMAL" : "PRAGMA synchronous=FULL");
    db_.run("BEGIN IMMEDIATE");
    for (const Event& event : added) insert_->run(event.id, event.message_id, event.body);
    for (const Event& event : done) update_->run(event.id, event.status);
    db_.run("COMMIT");
  }

 private:
  Database db_;
  std::optional<Statement> insert_;
  std::optional<Statement> update_;
};

Event make_event(std::int64_t id, const PayloadBuilder& builder, const Signer& signer,
                 const Import& import) {
  Event event;
  event.id = id;
  event.began = Steady::now();
  event.message_id = "msg_01M855PFR8P4X4NJ" + std::to_string(1'000'000'000 + id);
  event.body = builder.managed(import).value();
  const std::int64_t now = 1'714'065'614;
  event.timestamp = std::to_string(now);
  event.signature = signer.sign(event.message_id, now, event.body).value();
  return event;
}

}  // namespace

Figures run_sketch(const BarePlan& plan, const Import& import, const std::string& folder) {
  curl_global_init(CURL_GLOBAL_DEFAULT);
  const std::uint64_t window = 4 * plan.in_flight;
  const PayloadBuilder builder;
  const Signer signer = Signer::create({kSecret}).value();
  std::optional<TemporaryFile> file;
  std::optional<Keeper> keeper;
  if (!folder.empty()) keeper.emplace(file.emplace(folder).path());
  Ledger ledger;
  Channel<Event> kept;
  Sender sender(plan, kept);
  std::thread recorder([&] {
    for (;;) {
      std::vector<Event> events = kept.wait();
      if (events.empty()) return;
      const auto first_done = std::stable_partition(
          events.begin(), events.end(), [](const Event& event) { return event.status == 0; });
      std::vector<Event> done(std::make_move_iterator(first_done),
                              std::make_move_iterator(events.end()));
      events.erase(first_done, events.end());
      if (keeper) keeper->keep(events, done);
      if (!events.empty()) sender.send(std::move(events));
      ledger.add(done);
    }
  });
  std::uint64_t next = 0;
  const auto work = [&](double time) {
    for (const auto end = Steady::now() + std::chrono::duration<double>(time);
         Steady::now() < end;) {
      const std::uint64_t recorded = ledger.wait_for(next - std::min(next, window * 3 / 4));
      std::vector<Event> events;
      while (next - recorded < window) {
        events.push_back(make_event(static_cast<std::int64_t>(++next), builder, signer, import));
      }
      if (keeper) {
        kept.put(std::move(events));
      } else {
        sender.send(std::move(events));
      }
    }
  };
  work(plan.seconds / 4);
  static_cast<void>(ledger.take_latencies());
  const std::uint64_t before = ledger.wait_for(0);
  const Meter meter;
  work(plan.seconds);
  Figures figures;
  meter.add_to(figures, ledger.wait_for(0) - before);
  ledger.take_latencies().add_to(figures);
  while (ledger.wait_for(next) < next) {
  }
  kept.close();
  recorder.join();
  return figures;
}

}  // namespace hookline::bench
