// What the crash test kills: `crash_host ROLE FILE RECEIVER SEED [IMPORT]...`
//
//     deliver    dispatches from several threads and delivers; the imports named come first
//     operate    gives commands on the same file
//     drain      delivers what is there and ends

#include <signal.h>
#include <sys/prctl.h>

#include <cstdlib>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "crash/operator.hpp"
#include "crash/report.hpp"
#include "crash/stage.hpp"

using namespace hookline;
using namespace hookline::crash;
using namespace std::chrono_literals;

namespace {

class Reporter final : public Observer {
 public:
  void on_outcome(const Delivery& delivery) override {
    const std::string id = std::to_string(delivery.id);
    if (delivery.status == DeliveryStatus::delivered) {
      report("delivered", id);
    } else {
      report("ended", id, to_string(delivery.status), delivery.error);
    }
  }
};

void report_receipt(const Result<DispatchReceipt>& receipt) {
  if (!receipt) {
    report("failed", receipt.error().message);
  } else if (receipt->repeated) {
    report("repeated", receipt->import_id, receipt->message_id);
  } else {
    report("accepted", receipt->import_id, receipt->message_id,
           std::to_string(receipt->deliveries.size()));
  }
}

DispatchOptions key_of(const std::string& import_id) {
  DispatchOptions options;
  if (has_key(import_id)) options.idempotency_key = "key of " + import_id;
  return options;
}

void dispatch(Dispatcher& dispatcher, const std::string& import_id) {
  report("intends", import_id);
  report_receipt(dispatcher.dispatch(import_of(import_id), key_of(import_id)));
}

void dispatch_together(Dispatcher& dispatcher, const std::vector<std::string>& import_ids) {
  std::vector<Import> imports;
  std::vector<DispatchOptions> options;
  for (const std::string& id : import_ids) {
    report("intends", id);
    imports.push_back(import_of(id));
    options.push_back(key_of(id));
  }
  for (const auto& receipt : dispatcher.dispatch_batch(imports, options)) report_receipt(receipt);
}

/// Dispatches without an end, but not much faster than the deliveries go.
class Importer {
 public:
  Importer(Dispatcher& dispatcher, const std::string& name)
      : dispatcher_(dispatcher), name_(name), random_(std::hash<std::string>()(name)) {}

  [[noreturn]] void work() {
    for (;;) {
      if (random_() % 4 == 0) {
        std::vector<std::string> ids(1 + random_() % 6);
        for (std::string& id : ids) id = next_id();
        dispatch_together(dispatcher_, ids);
      } else {
        const std::string id = next_id();
        dispatch(dispatcher_, id);
        if (has_key(id) && random_() % 4 == 0) dispatch(dispatcher_, id);
      }
      do {
        std::this_thread::sleep_for(1ms * (random_() % 4));
      } while (dispatcher_.stats()->deliveries.pending > 500);
    }
  }

 private:
  std::string next_id() {
    // Few for the lane in order: its first one waits a second or more when it is lost to a kill.
    const auto dice = random_() % 10;
    const std::string tenant = dice == 0 ? "b" : dice < 6 ? "a" : "c";
    const bool keyed = tenant != "c" && random_() % 2 == 0;
    return tenant + "-" + name_ + "-" + std::to_string(++count_) + (keyed ? "k" : "");
  }

  Dispatcher& dispatcher_;
  const std::string name_;
  std::mt19937_64 random_;
  int count_ = 0;
};

void import_for_ever(Dispatcher& dispatcher, const std::string& seed) {
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 3; ++thread) {
    threads.emplace_back([&dispatcher, name = seed + "-" + std::to_string(thread)] {
      Importer(dispatcher, name).work();
    });
  }
  for (std::thread& thread : threads) thread.join();
}

void drain(Dispatcher& dispatcher) {
  if (!dispatcher.resume()) report("failed", "resume");
  for (;;) {
    const auto stats = dispatcher.stats();
    if (!stats) {
      report("failed", stats.error().message);
    } else if (stats->deliveries.pending + stats->deliveries.in_flight == 0) {
      return;
    }
    std::this_thread::sleep_for(5ms);
  }
}

int run(const std::vector<std::string>& words) {
  const std::string& role = words[1];
  SqliteStoreOptions file;
  file.path = words[2];
  auto store = SqliteStore::open(file);
  if (!store) return report("failed", store.error().message), 1;
  WebhookRegistry registry(fakes::loopback_policy());
  add_webhooks(registry, words[3]);
  DispatcherOptions options = options_on(*std::move(store));
  options.deliver = role != "operate";
  options.observer = std::make_shared<Reporter>();
  auto dispatcher = Dispatcher::create(registry, options);
  if (!dispatcher) return report("failed", dispatcher.error().message), 1;
  report("ready");
  if (role == "operate") operate(**dispatcher, std::stoull(words[4]));
  for (std::size_t i = 5; i < words.size(); ++i) dispatch(**dispatcher, words[i]);
  if (role == "deliver") import_for_ever(**dispatcher, words[4]);
  drain(**dispatcher);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (argc < 5) return 2;
  return run({argv, argv + argc});
}
