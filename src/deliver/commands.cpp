#include "deliver/commands.hpp"

#include <memory>
#include <utility>
#include <vector>

#include "base/fail.hpp"
#include "base/text.hpp"
#include "deliver/registry_lanes.hpp"

namespace hookline::detail {
namespace {

/// How many deliveries a command touches at a time, so that others are served in between.
constexpr std::size_t kBite = 200;

/// A command whose commit is unknown may have taken place.
template <class T>
Result<T> or_look_anew(Runner& runner, Result<T> result) {
  if (!result && result.error().code == ErrorCode::commit_unknown) runner.look_anew();
  return result;
}

tl::unexpected<Error> no_webhook(std::string_view id) {
  return fail(ErrorCode::webhook_not_found, "webhook_id: there is no webhook {}", quoted(id, 128));
}

}  // namespace

Result<Delivery> Commands::replay(DeliveryId id) {
  if (runner_.is_stopping()) return tl::unexpected<Error>(runner_.shut_down_error());
  auto original = store_.find(id);
  if (!original) return original;
  const std::string& webhook_id = original->webhook_id;
  if (!webhook_id.empty() && !webhook_of(registry_, {original->tenant, webhook_id, ""})) {
    return fail(ErrorCode::webhook_not_found,
                "delivery {}: its webhook {} was removed; add it again to replay", id, webhook_id);
  }
  auto replayed = or_look_anew(runner_, store_.replay(id, runner_.now()));
  if (replayed) runner_.added(replayed->id);
  return replayed;
}

Result<std::uint64_t> Commands::recover(std::string_view webhook_id,
                                        std::chrono::system_clock::time_point since) {
  if (runner_.is_stopping()) return tl::unexpected<Error>(runner_.shut_down_error());
  const auto webhook = registry_.get(webhook_id);
  if (!webhook) return no_webhook(webhook_id);
  const auto newest = store_.newest();
  if (!newest) return tl::unexpected<Error>(newest.error());

  RecoverQuery query;
  query.lane = {webhook->tenant, webhook->id, ""};
  query.since = since;
  query.up_to = *newest;
  query.limit = kBite;
  std::uint64_t count = 0;
  for (;;) {
    const auto bite = or_look_anew(runner_, store_.recover(query, runner_.now()));
    if (!bite) return tl::unexpected<Error>(bite.error());
    count += bite->count;
    if (!bite->deliveries.empty()) runner_.added(bite->deliveries.back().id);
    if (!bite->next) return count;
    query.after = *bite->next;
  }
}

Result<std::uint64_t> Commands::discard(DeliveryQuery query, std::string reason) {
  if (reason.empty()) reason = "by the operator";
  query.after = 0;
  query.limit = kBite;
  std::uint64_t count = 0;
  for (;;) {
    const auto bite = or_look_anew(runner_, store_.discard(query, reason, runner_.now()));
    if (!bite) return tl::unexpected<Error>(bite.error());
    count += bite->count;
    runner_.taken_off(bite->deliveries);
    if (!bite->next) return count;
    query.after = *bite->next;
  }
}

Result<std::uint64_t> Commands::erase(const EraseQuery& query) {
  std::uint64_t count = 0;
  for (;;) {
    const auto bite = or_look_anew(runner_, store_.erase(query, kBite));
    if (!bite) return tl::unexpected<Error>(bite.error());
    count += bite->count;
    runner_.taken_off({});
    if (!bite->next) return count;
  }
}

Result<void> Commands::set_paused(bool paused) {
  if (runner_.is_stopping()) return tl::unexpected<Error>(runner_.shut_down_error());
  auto set = or_look_anew(runner_, store_.set_paused(paused));
  if (set) runner_.wait_for_pause(paused);
  return set;
}

Result<Delivery> Commands::send_test(std::string_view webhook_id) {
  const auto webhook = registry_.get(webhook_id);
  if (!webhook) return no_webhook(webhook_id);
  if (webhook->state != WebhookState::enabled) {
    return fail(ErrorCode::webhook_not_enabled, "webhook_id: {} is {}; enable it first",
                webhook->id, to_string(webhook->state));
  }
  auto event = events_.build_test(*webhook, runner_.now());
  if (!event) return tl::unexpected<Error>(event.error());
  std::vector<NewEvent> events;
  events.push_back(std::move(*event));
  const auto receipt = std::move(runner_.append(std::move(events)).front());
  if (!receipt) return tl::unexpected<Error>(receipt.error());
  return store_.find(receipt->deliveries.front().id);
}

}  // namespace hookline::detail
