#include "deliver/request_builder.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>

#include <utility>

#include "base/fail.hpp"
#include "deliver/registry_lanes.hpp"
#include "hookline/version.hpp"
#include "sign/base64.hpp"

namespace hookline::detail {
namespace {

std::string basic_authorization(const BasicCredentials& credentials) {
  std::string pair = credentials.username + ':';
  pair += credentials.password.reveal();
  std::string value = "Basic ";
  append_base64(value, reinterpret_cast<const unsigned char*>(pair.data()), pair.size());
  OPENSSL_cleanse(pair.data(), pair.size());
  return value;
}

void add_own_headers(HttpRequest& request, const Webhook& webhook) {
  if (webhook.basic_auth) {
    request.headers.push_back({"authorization", basic_authorization(*webhook.basic_auth)});
  } else if (webhook.bearer_token) {
    std::string value = "Bearer ";
    value += webhook.bearer_token->reveal();
    request.headers.push_back({"authorization", std::move(value)});
  }
  request.headers.insert(request.headers.end(), webhook.headers.begin(), webhook.headers.end());
}

TransportFailure refused_url(const Error& error) {
  return {FailureClass::policy, error.message, true};
}

}  // namespace

RequestBuilder::RequestBuilder(const WebhookRegistry& registry, std::optional<Signer> basic_signer,
                               std::chrono::milliseconds connect_timeout,
                               std::chrono::milliseconds request_timeout)
    : registry_(registry),
      basic_signer_(std::move(basic_signer)),
      connect_timeout_(connect_timeout),
      request_timeout_(request_timeout),
      user_agent_(fmt::format("hookline/{}", version())),
      signers_(std::make_unique<SignerCache>()) {}

std::optional<BuiltRequest> RequestBuilder::build(const Claim& claim,
                                                  std::chrono::system_clock::time_point now) const {
  if (claim.lane.webhook_id.empty()) return build_for(claim, nullptr, now);
  const auto webhook = webhook_of(registry_, claim.lane);
  if (!webhook || webhook->state != WebhookState::enabled) return std::nullopt;
  BuiltRequest built = build_for(claim, webhook, now);
  built.webhook_revision = webhook->revision;
  return built;
}

BuiltRequest RequestBuilder::build_for(const Claim& claim,
                                       const std::shared_ptr<const Webhook>& webhook,
                                       std::chrono::system_clock::time_point now) const {
  const std::string& url = webhook ? webhook->url : claim.url;
  const auto checked = registry_.address_policy().check_url(url);
  if (!checked) return {tl::unexpected(refused_url(checked.error())), "", 0};

  HttpRequest request;
  request.url = url;
  request.body = claim.body;
  request.connect_timeout = connect_timeout_;
  request.timeout = request_timeout_;
  request.address_policy = registry_.address_policy();

  const auto timestamp = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count();
  request.headers = {
      {"content-type", webhook ? "application/json" : "application/x-www-form-urlencoded"},
      {"user-agent", user_agent_},
      {"webhook-id", claim.message_id},
      {"webhook-timestamp", std::to_string(timestamp)}};
  if (const auto added = add_signature(request, claim, webhook, timestamp); !added) {
    const TransportFailure failure{FailureClass::internal, added.error().message, false};
    return {tl::unexpected(failure), checked->without_query, 0};
  }
  if (webhook) add_own_headers(request, *webhook);
  if (webhook && webhook->client_certificate) {
    // A part of the webhook, and shares its life.
    request.client_certificate = {webhook, &*webhook->client_certificate};
  }
  return {std::move(request), checked->without_query, 0};
}

Result<void> RequestBuilder::add_signature(HttpRequest& request, const Claim& claim,
                                           const std::shared_ptr<const Webhook>& webhook,
                                           std::int64_t timestamp) const {
  std::optional<Signer> own;
  if (webhook && !webhook->secrets.empty()) {
    auto created = signers_->signer_of(webhook);
    if (!created) return tl::unexpected<Error>(created.error());
    own = std::move(*created);
  }
  const std::optional<Signer>& signer = webhook ? own : basic_signer_;
  if (!signer) return {};
  auto signature = signer->sign(claim.message_id, timestamp, *claim.body);
  if (!signature) return tl::unexpected<Error>(signature.error());
  request.headers.push_back({"webhook-signature", std::move(*signature)});
  return {};
}

}  // namespace hookline::detail
