#pragma once

#include <cstdint>
#include <mutex>
#include <random>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "fakes/http_server.hpp"

namespace hookline::crash {

/// A request as a receiver of events sees it.
struct Arrival {
  std::string import_id;
  std::string message_id;
  std::string webhook_id;
  bool accepted = false;  ///< answered with a 2xx
};

/// The receiver of all webhooks of a run: sometimes slow, sometimes failing, but never for long.
/// Its connections and threads last a round, what it remembers lasts a run.
class Receiver {
 public:
  explicit Receiver(std::uint64_t seed) : random_(seed) {}

  /// A server until it is destroyed; then all that has arrived is in `take`.
  [[nodiscard]] std::unique_ptr<fakes::HttpServer> serve();
  [[nodiscard]] std::vector<Arrival> take();

 private:
  void answer(fakes::Exchange& exchange);
  [[nodiscard]] bool fails(const Arrival& arrival);

  std::mutex mutex_;
  std::mt19937_64 random_;
  std::unordered_map<std::string, int> failures_;
  std::vector<Arrival> arrivals_;
};

}  // namespace hookline::crash
