#include "hookctl/session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include "common/command_line.hpp"
#include "common/webhook_keys.hpp"

namespace hookctl {

namespace {

tl::unexpected<hookline::Error> cannot_open(hookline::Error error) {
  const bool sealed = error.code == hookline::ErrorCode::sealing_key_missing;
  if (sealed) error.message = "--key-file: " + error.message;
  return tl::unexpected(std::move(error));
}

}  // namespace

Result<std::unique_ptr<Session>> Session::open(Settings settings) {
  std::error_code reason;
  // A file that is not there is a slip as a rule: an empty store has nothing to tell.
  if (!settings.may_create && !std::filesystem::exists(settings.path, reason)) {
    return refuse(fmt::format(
        "--store: {} is not there; name the file of the service, which makes it when it starts",
        settings.path));
  }
  std::unique_ptr<Session> session(new Session(std::move(settings)));
  auto store = hookline::SqliteStore::open({session->settings_.path});
  if (!store) return refuse("--store: " + store.error().message);
  session->store_ = std::move(*store);
  if (!session->settings_.opens_webhooks) return session;
  const auto webhooks =
      examples::with_keys(session->store_->webhooks(), session->settings_.key_file);
  if (!webhooks) return refuse(webhooks.error());
  auto registry = hookline::WebhookRegistry::open(*webhooks, session->settings_.policy);
  if (!registry) return cannot_open(registry.error());
  session->registry_ = std::move(*registry);
  return session;
}

Result<hookline::Dispatcher*> Session::dispatcher() {
  if (!dispatcher_) {
    hookline::DispatcherOptions options;
    options.store = store_;
    options.deliver = false;
    auto created = hookline::Dispatcher::create(*registry_, std::move(options));
    if (!created) return tl::unexpected<hookline::Error>(created.error());
    dispatcher_ = std::move(*created);
  }
  return dispatcher_.get();
}

Result<std::uint64_t> Session::reseal() {
  if (settings_.key_file.empty()) return refuse("--key-file: is needed to seal webhooks");
  const auto sealed = examples::sealed_with(store_->webhooks(), settings_.key_file);
  if (!sealed) return refuse(sealed.error());
  return (*sealed)->reseal();
}

Result<hookline::Moment> Session::now() const {
  const auto last = store_->last_time();
  if (!last) return tl::unexpected<hookline::Error>(last.error());
  hookline::Moment now;
  now.wall = std::chrono::system_clock::now();
  now.due = std::max(hookline::DueTime(now.wall.time_since_epoch()), *last);
  return now;
}

std::string Session::refusal(const hookline::Webhook& webhook) const {
  const auto url = settings_.policy.check_url(webhook.url);
  return url ? "" : url.error().message;
}

void Session::print(std::string_view text) {
  progress_.clear();
  const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  if (std::fflush(stdout) != 0 || !written) all_written_ = false;
}

void Session::remark(std::string_view text) {
  progress_.clear();
  examples::complain("hookctl", text);
}

tl::unexpected<hookline::Error> refuse(std::string message) {
  return tl::unexpected(hookline::Error{hookline::ErrorCode::invalid_query, std::move(message)});
}

tl::unexpected<hookline::Error> refuse_unknown_state(const hookline::Webhook& webhook,
                                                     std::string_view refusal) {
  return refuse(fmt::format(
      "webhook {}: {}; give hookctl the --allow-http and --allow that the service goes by",
      webhook.id, refusal));
}

}  // namespace hookctl
