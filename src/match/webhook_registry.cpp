#include "hookline/webhook_registry.hpp"

#include <openssl/rand.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "base/fail.hpp"
#include "base/listeners.hpp"
#include "base/text.hpp"
#include "base/ulid.hpp"
#include "match/registry_index.hpp"
#include "match/registry_json.hpp"
#include "match/registry_store.hpp"
#include "match/webhook_check.hpp"

namespace hookline {

using detail::fail;
using detail::quoted;
using detail::RegistryIndex;
using detail::settle_state;
using detail::WebhookPtr;

namespace {

constexpr std::size_t kMaxPage = 1000;

using Time = std::chrono::system_clock::time_point;
using Changes = std::vector<detail::RegistryChange>;
/// Of a webhook that was removed; 0 if there was none.
using LastRevision = std::function<std::uint64_t(const std::string& id)>;
using News = std::vector<detail::RegistryNews>;

Time now();
std::string make_id();
detail::HashKey random_key();
tl::unexpected<Error> not_found(std::string_view id);
tl::unexpected<Error> invalid(const std::vector<std::string>& faults);
void fill_in_ids(std::vector<Webhook>& webhooks);
RegistryLoadReport disable_faulty(std::vector<Webhook>& webhooks, const AddressPolicy& policy);
RegistryIndex succeed(const RegistryIndex& before, const std::vector<Webhook>& webhooks,
                      const detail::HashKey& key, const LastRevision& last_revision);
WebhookPtr with_history(Webhook webhook, const WebhookPtr& current, std::uint64_t last_revision,
                        Time at);
WebhookPtr in_state(Webhook webhook, WebhookState state, std::string reason = {});
bool is_same(const Webhook& a, const Webhook& b);
tl::unexpected<Error> outdated(std::uint64_t revision, const Webhook& current);
tl::unexpected<Error> all_of(const std::vector<Error>& faults);
Changes changes(const RegistryIndex& before, const RegistryIndex& after);

}  // namespace

/// Readers take the snapshot; a writer prepares the next one under the writers' lock, has it kept,
/// swaps it in and tells the listeners when the lock is released. The snapshot before is let go of
/// last, so that nothing is freed under the lock.
struct WebhookRegistry::State {
  State(AddressPolicy checked_against, std::shared_ptr<WebhookStore> store)
      : policy(std::move(checked_against)), kept(std::move(store)) {}

  [[nodiscard]] std::shared_ptr<const RegistryIndex> snapshot() const {
    return std::atomic_load(&current);
  }

  /// `decide(const RegistryIndex&)` gives the webhook that takes its place in the registry, or the
  /// one that stands there if nothing changes, or an error.
  template <class Decide>
  Result<Webhook> put(Decide&& decide) {
    WebhookPtr stored;
    auto done = change([&](const RegistryIndex& before, RegistryIndex& after) -> Result<Changes> {
      Result<WebhookPtr> decided = decide(before);
      if (!decided) return tl::unexpected(std::move(decided).error());
      stored = *std::move(decided);
      WebhookPtr replaced = before.find(stored->id);
      if (stored == replaced) return Changes();
      after.put(stored);
      return Changes{{stored->id, std::move(replaced), stored, stored->revision}};
    });
    if (!done) return tl::unexpected(std::move(done).error());
    return *stored;
  }

  /// `prepare(before, after)` makes the next state out of a copy and says what has changed. It is
  /// called again if another process was faster.
  template <class Prepare>
  Result<void> change(Prepare&& prepare) {
    constexpr int kTries = 5;
    News news;
    std::shared_ptr<const RegistryIndex> before;
    auto result = [&]() -> Result<void> {
      const std::lock_guard<std::mutex> lock(writer);
      for (int tries = 1;; ++tries) {
        before = snapshot();
        RegistryIndex after = *before;
        Result<Changes> changes = prepare(*before, after);
        if (!changes) return tl::unexpected(std::move(changes).error());
        auto done = kept.keep(*changes);
        if (done) {
          remember_removed(*changes);
          publish(std::move(after));
          news.push_back({*std::move(changes), {}});
          return {};
        }
        const bool outrun = done.error().code == ErrorCode::revision_conflict && tries < kTries;
        if (!outrun) return done;
        if (auto caught = catch_up(news); !caught) return caught;
      }
    }();
    notify(news);
    return result;
  }

  /// Brings in everything, and nothing that cannot be read is passed over.
  Result<void> load() {
    News news;
    const std::lock_guard<std::mutex> lock(writer);
    auto caught = catch_up(news);
    if (caught && !news.front().faults.empty()) return all_of(news.front().faults);
    return caught;
  }

  /// Brings in what other processes have changed.
  Result<void> refresh() {
    News news;
    std::shared_ptr<const RegistryIndex> before;
    Result<void> result;
    {
      const std::lock_guard<std::mutex> lock(writer);
      before = snapshot();
      result = catch_up(news);
    }
    notify(news);
    if (!result) faults.notify(result.error());
    return result;
  }

  /// REQUIRES: the writers' lock.
  Result<void> catch_up(News& news) {
    RegistryIndex after = *snapshot();
    auto caught = kept.catch_up(after, policy);
    if (!caught) return tl::unexpected(std::move(caught).error());
    if (!caught->changes.empty()) {
      remember_removed(caught->changes);
      publish(std::move(after));
    }
    news.push_back(*std::move(caught));
    return {};
  }

  /// Before the webhooks are gone from the snapshot, so that whoever misses one there finds it
  /// here.
  void remember_removed(const Changes& changes) {
    const std::lock_guard<std::mutex> lock(removed_mutex);
    for (const detail::RegistryChange& change : changes) {
      if (change.after) {
        removed.erase(change.after->id);
      } else {
        removed[change.id] = change.revision;
      }
    }
  }

  void publish(RegistryIndex next) {
    std::atomic_store(&current, std::make_shared<const RegistryIndex>(std::move(next)));
  }

  /// Of a webhook of this id that was removed, or 0. One that comes in its place goes on from
  /// there, so that what was ordered for the one before does not hit it.
  [[nodiscard]] std::uint64_t last_revision(const std::string& id) const {
    const std::lock_guard<std::mutex> lock(removed_mutex);
    const auto earlier = removed.find(id);
    return earlier == removed.end() ? 0 : earlier->second;
  }

  void notify(const News& news) const {
    for (const detail::RegistryNews& each : news) {
      notify(each.changes);
      for (const Error& fault : each.faults) faults.notify(fault);
    }
  }

  /// A webhook that has changed hands counts twice: it left one tenant and came to another.
  void notify(const Changes& changes) const {
    for (const detail::RegistryChange& change : changes) {
      if (change.after) listeners.notify(*change.after);
      if (!change.before && !change.after) continue;
      const bool left =
          !change.after || (change.before && change.before->tenant != change.after->tenant);
      if (left) listeners.notify(*change.before);
    }
  }

  const AddressPolicy policy;
  const detail::HashKey key = random_key();
  detail::Listeners<const Webhook&> listeners;
  detail::Listeners<const Error&> faults;
  std::mutex writer;
  mutable std::mutex removed_mutex;
  std::unordered_map<std::string, std::uint64_t> removed;  ///< by id: the last revision
  detail::RegistryStore kept;                              ///< under the writers' lock
  // Read and written through std::atomic_load and std::atomic_store only.
  std::shared_ptr<const RegistryIndex> current = std::make_shared<const RegistryIndex>(key);
  std::shared_ptr<void> subscription;  ///< to what other processes write; ends first
};

std::string_view to_string(WebhookState state) {
  switch (state) {
    case WebhookState::enabled:
      return "enabled";
    case WebhookState::paused:
      return "paused";
    case WebhookState::disabled:
      return "disabled";
  }
  return "unknown";
}

std::string_view to_string(Ordering ordering) {
  switch (ordering) {
    case Ordering::none:
      return "none";
    case Ordering::fifo:
      return "fifo";
  }
  return "unknown";
}

WebhookRegistry::WebhookRegistry(AddressPolicy policy)
    : state_(std::make_unique<State>(std::move(policy), nullptr)) {}

WebhookRegistry::WebhookRegistry(std::unique_ptr<State> state) : state_(std::move(state)) {}

WebhookRegistry::~WebhookRegistry() = default;

Result<std::unique_ptr<WebhookRegistry>> WebhookRegistry::open(std::shared_ptr<WebhookStore> store,
                                                               AddressPolicy policy) {
  WebhookStore& shared = *store;
  auto state = std::make_unique<State>(std::move(policy), std::move(store));
  // From here on nothing is missed: what is written while the rest is read is read again.
  state->subscription =
      shared.on_foreign_write([self = state.get()] { static_cast<void>(self->refresh()); });
  if (auto loaded = state->load(); !loaded) return tl::unexpected(std::move(loaded).error());
  return std::unique_ptr<WebhookRegistry>(new WebhookRegistry(std::move(state)));
}

Result<Webhook> WebhookRegistry::add(Webhook webhook) {
  const auto faults = detail::faults_of(webhook, state_->policy);
  if (!faults.empty()) return invalid(faults);
  if (webhook.id.empty()) webhook.id = make_id();
  settle_state(webhook);
  return state_->put([&](const RegistryIndex& before) -> Result<WebhookPtr> {
    if (before.find(webhook.id)) {
      return fail(ErrorCode::webhook_exists,
                  "id: {} is taken; update that webhook, or leave the id empty", webhook.id);
    }
    webhook.created_at = webhook.updated_at = now();
    webhook.revision = state_->last_revision(webhook.id) + 1;
    return std::make_shared<const Webhook>(webhook);
  });
}

Result<Webhook> WebhookRegistry::update(Webhook webhook) {
  const auto own_faults = detail::faults_of(webhook, state_->policy);
  settle_state(webhook);
  return state_->put([&](const RegistryIndex& before) -> Result<WebhookPtr> {
    auto faults = own_faults;
    const WebhookPtr current = before.find(webhook.id);
    if (!current) return not_found(webhook.id);
    if (webhook.revision != current->revision) {
      return outdated(webhook.revision, *current);
    }
    if (webhook.tenant != current->tenant) {
      faults.push_back("tenant: cannot change; remove the webhook and add another one");
    }
    if (!faults.empty()) return invalid(faults);
    Webhook next = webhook;
    next.created_at = current->created_at;
    next.updated_at = now();
    next.revision = current->revision + 1;
    return std::make_shared<const Webhook>(std::move(next));
  });
}

Result<void> WebhookRegistry::remove(std::string_view id) {
  return state_->change([&](const RegistryIndex& before, RegistryIndex& after) -> Result<Changes> {
    WebhookPtr removed = before.find(id);
    if (!removed) return not_found(id);
    after.remove(removed->id);
    std::string removed_id = removed->id;
    const std::uint64_t revision = removed->revision;
    return Changes{{std::move(removed_id), std::move(removed), nullptr, revision}};
  });
}

Result<Webhook> WebhookRegistry::disable(std::string_view id, std::string reason,
                                         std::optional<std::uint64_t> revision) {
  return state_->put([&](const RegistryIndex& before) -> Result<WebhookPtr> {
    const WebhookPtr current = before.find(id);
    if (!current) return not_found(id);
    if (revision && *revision != current->revision) return outdated(*revision, *current);
    const bool stored = !state_->kept.disabled_here(current->id);
    if (current->state == WebhookState::disabled && stored) return current;
    return in_state(*current, WebhookState::disabled, detail::fit_reason(reason));
  });
}

Result<Webhook> WebhookRegistry::pause(std::string_view id) {
  return state_->put([&](const RegistryIndex& before) -> Result<WebhookPtr> {
    const WebhookPtr current = before.find(id);
    if (!current) return not_found(id);
    if (current->state == WebhookState::paused) return current;
    return in_state(*current, WebhookState::paused);
  });
}

Result<Webhook> WebhookRegistry::enable(std::string_view id) {
  return state_->put([&](const RegistryIndex& before) -> Result<WebhookPtr> {
    const WebhookPtr current = before.find(id);
    if (!current) return not_found(id);
    if (current->state == WebhookState::enabled) return current;
    const auto faults = detail::faults_of(*current, state_->policy);
    if (!faults.empty()) return invalid(faults);
    return in_state(*current, WebhookState::enabled);
  });
}

bool WebhookRegistry::was_removed(std::string_view id) const {
  const std::lock_guard<std::mutex> lock(state_->removed_mutex);
  return state_->removed.count(std::string(id)) > 0;
}

std::optional<Webhook> WebhookRegistry::find(std::string_view id) const {
  const WebhookPtr found = get(id);
  return found ? std::optional<Webhook>(*found) : std::nullopt;
}

std::shared_ptr<const Webhook> WebhookRegistry::get(std::string_view id) const {
  return state_->snapshot()->find(id);
}

Result<WebhookPage> WebhookRegistry::list(const WebhookQuery& query) const {
  if (query.limit < 1 || query.limit > kMaxPage) {
    return fail(ErrorCode::invalid_query,
                "limit: {} is not 1 to {}; ask for the next page with after", query.limit,
                kMaxPage);
  }
  return state_->snapshot()->list(query);
}

std::size_t WebhookRegistry::size() const { return state_->snapshot()->size(); }

std::vector<std::shared_ptr<const Webhook>> WebhookRegistry::candidates(
    const Import& import) const {
  return state_->snapshot()->match(import);
}

std::string WebhookRegistry::to_json(Secrets secrets) const {
  return detail::write_registry(*state_->snapshot(), secrets);
}

Result<RegistryLoadReport> WebhookRegistry::load_json(std::string_view json) {
  auto webhooks = detail::read_registry(json);
  if (!webhooks) return tl::unexpected(std::move(webhooks).error());
  fill_in_ids(*webhooks);
  RegistryLoadReport report = disable_faulty(*webhooks, state_->policy);

  auto done = state_->change([&](const RegistryIndex& before, RegistryIndex& after) {
    after = succeed(before, *webhooks, state_->key,
                    [&](const std::string& id) { return state_->last_revision(id); });
    return Result<Changes>(changes(before, after));
  });
  if (!done) return tl::unexpected(std::move(done).error());
  return report;
}

const AddressPolicy& WebhookRegistry::address_policy() const { return state_->policy; }

std::shared_ptr<void> WebhookRegistry::on_change(
    std::function<void(const Webhook& webhook)> changed) {
  return changed ? state_->listeners.add(std::move(changed)) : nullptr;
}

std::shared_ptr<void> WebhookRegistry::on_fault(std::function<void(const Error& fault)> heard) {
  return heard ? state_->faults.add(std::move(heard)) : nullptr;
}

namespace {

/// What the JSON form can hold, so that a webhook is the same after it was saved and loaded.
Time now() {
  return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
}

std::string make_id() { return detail::make_id("wh_", now()); }

/// Where there are no random bytes, the address at which this runs is the best there is.
detail::HashKey random_key() {
  detail::HashKey key;
  if (RAND_bytes(reinterpret_cast<unsigned char*>(&key), sizeof key) == 1) return key;
  return {reinterpret_cast<std::uintptr_t>(&key),
          static_cast<std::uint64_t>(now().time_since_epoch().count())};
}

tl::unexpected<Error> not_found(std::string_view id) {
  return fail(ErrorCode::webhook_not_found, "id: there is no webhook {}; it may have been removed",
              quoted(id, 128));
}

tl::unexpected<Error> invalid(const std::vector<std::string>& faults) {
  return fail(ErrorCode::invalid_webhook, "{}", detail::joined(faults));
}

void fill_in_ids(std::vector<Webhook>& webhooks) {
  for (Webhook& webhook : webhooks) {
    if (webhook.id.empty()) webhook.id = make_id();
  }
}

RegistryLoadReport disable_faulty(std::vector<Webhook>& webhooks, const AddressPolicy& policy) {
  RegistryLoadReport report;
  report.loaded = webhooks.size();
  for (Webhook& webhook : webhooks) {
    if (const auto reason = detail::disable_if_faulty(webhook, policy)) {
      report.disabled.push_back(webhook.id + ": " + *reason);
    }
  }
  return report;
}

/// The registry that a document replaces another one by.
RegistryIndex succeed(const RegistryIndex& before, const std::vector<Webhook>& webhooks,
                      const detail::HashKey& key, const LastRevision& last_revision) {
  RegistryIndex after(key);
  const Time at = now();
  for (const Webhook& webhook : webhooks) {
    const WebhookPtr current = before.find(webhook.id);
    const std::uint64_t last = current ? current->revision : last_revision(webhook.id);
    after.put(with_history(webhook, current, last, at));
  }
  return after;
}

/// What the document left out of a webhook's history is taken over. One that the document does not
/// change stays the very same object; the revision of one that it does change grows whatever the
/// document says, so that an editor who read the webhook before the load is told.
WebhookPtr with_history(Webhook webhook, const WebhookPtr& current, std::uint64_t last_revision,
                        Time at) {
  const bool undated = webhook.updated_at == detail::kNoTime;
  if (undated) webhook.updated_at = current ? current->updated_at : at;
  if (webhook.created_at == detail::kNoTime)
    webhook.created_at = current ? current->created_at : at;
  if (current && webhook.revision <= last_revision && is_same(webhook, *current)) return current;

  if (undated) webhook.updated_at = at;
  webhook.revision = std::max(webhook.revision, last_revision + 1);
  return std::make_shared<const Webhook>(std::move(webhook));
}

/// The next revision of a webhook, which is in another state.
WebhookPtr in_state(Webhook webhook, WebhookState state, std::string reason) {
  webhook.state = state;
  webhook.disabled_reason = std::move(reason);
  settle_state(webhook);
  webhook.updated_at = now();
  ++webhook.revision;
  return std::make_shared<const Webhook>(std::move(webhook));
}

/// In everything but the revision.
bool is_same(const Webhook& a, const Webhook& b) {
  const auto plain = [](const Webhook& w) {
    return std::tie(w.id, w.tenant, w.url, w.description, w.development_mode, w.import_identifiers,
                    w.saved_schema_ids, w.all_imports, w.events, w.bearer_token,
                    w.client_certificate, w.secrets, w.max_in_flight, w.rate_limit, w.ordering,
                    w.retry_schedule, w.state, w.disabled_reason, w.created_at, w.updated_at);
  };
  const auto same_header = [](const HttpHeader& x, const HttpHeader& y) {
    return x.name == y.name && x.value == y.value;
  };
  const bool same_credentials = a.basic_auth && b.basic_auth
                                    ? a.basic_auth->username == b.basic_auth->username &&
                                          a.basic_auth->password == b.basic_auth->password
                                    : a.basic_auth.has_value() == b.basic_auth.has_value();
  return plain(a) == plain(b) && same_credentials &&
         std::equal(a.headers.begin(), a.headers.end(), b.headers.begin(), b.headers.end(),
                    same_header);
}

tl::unexpected<Error> outdated(std::uint64_t revision, const Webhook& current) {
  return fail(ErrorCode::revision_conflict,
              "revision: {} is given, but {} is at {} by now; read it again and repeat the edit",
              revision, current.id, current.revision);
}

/// The first, and how many there are beside it.
tl::unexpected<Error> all_of(const std::vector<Error>& faults) {
  if (faults.size() == 1) return tl::unexpected(faults[0]);
  return fail(faults[0].code, "{}; and {} more cannot be read", faults[0].message,
              faults.size() - 1);
}

Changes changes(const RegistryIndex& before, const RegistryIndex& after) {
  Changes changed;
  after.visit_all([&](const WebhookPtr& webhook) {
    WebhookPtr earlier = before.find(webhook->id);
    if (earlier == webhook) return;
    changed.push_back({webhook->id, std::move(earlier), webhook, webhook->revision});
  });
  before.visit_all([&](const WebhookPtr& webhook) {
    if (after.find(webhook->id)) return;
    changed.push_back({webhook->id, webhook, nullptr, webhook->revision});
  });
  return changed;
}

}  // namespace
}  // namespace hookline
