#include "scenarios/stored.hpp"

#include <chrono>
#include <stdexcept>
#include <utility>

#include "scenarios/watched_store.hpp"

namespace hookline::bench {
namespace {

LaneKey lane_of(std::size_t webhook) { return {"", "webhook-" + std::to_string(webhook), ""}; }

}  // namespace

Moment moment_now() {
  const auto wall = std::chrono::system_clock::now();
  return {DueTime(wall.time_since_epoch()), wall};
}

NewEvent event_of(std::uint64_t number, const Moment& now, std::shared_ptr<const std::string> body,
                  std::size_t deliveries) {
  NewEvent event;
  event.receipt.message_id = "msg_01M855PFR8P4X4NJ" + std::to_string(1'000'000'000 + number);
  event.receipt.import_id = timed_id();
  event.receipt.deliveries.resize(deliveries);
  event.accepted = now;
  event.managed_body = std::move(body);
  event.lease_until = now.due + std::chrono::minutes(2);
  for (std::size_t i = 0; i < deliveries; ++i) {
    NewDelivery delivery;
    delivery.lane = lane_of(i);
    delivery.due = now.due;
    delivery.leased = true;
    event.deliveries.push_back(std::move(delivery));
  }
  return event;
}

Outcome success_of(DeliveryId id, std::size_t webhook, const Moment& now, const std::string& url) {
  Outcome outcome;
  outcome.kind = Outcome::Kind::delivered;
  outcome.claim.id = id;
  outcome.claim.lease = 1;
  outcome.claim.lane = lane_of(webhook);
  outcome.at = now.wall;
  outcome.attempt.emplace();
  outcome.attempt->number = 1;
  outcome.attempt->started_at = now.wall;
  outcome.attempt->duration = std::chrono::milliseconds(1);
  outcome.attempt->url = url;
  outcome.attempt->http_status = 200;
  return outcome;
}

void record(DeliveryStore& store, std::vector<Outcome> outcomes, const Moment& now) {
  StoreWork work;
  work.now = now.due;
  work.wall = now.wall;
  work.outcomes = std::move(outcomes);
  const auto reply = store.exchange(work);
  if (!reply) throw std::runtime_error(reply.error().message);
  for (const RecordedOutcome& outcome : reply->recorded) {
    if (!outcome.recorded) throw std::runtime_error("an outcome was not recorded");
  }
}

}  // namespace hookline::bench
