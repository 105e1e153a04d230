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

/// Those of every request, and one for authorization.
constexpr std::size_t kUsualHeaders = 6;

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

BuiltRequest refused_url(const Error& error) {
  return {tl::unexpected(TransportFailure{FailureClass::policy, error.message, true}), "", 0};
}

BuiltRequest cannot_sign(const Error& error, const CheckedUrl& url) {
  const TransportFailure failure{FailureClass::internal, error.message, false};
  return {tl::unexpected(failure), url.without_query, 0};
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
      webhooks_(std::make_unique<WebhookCache>(registry.address_policy())) {}

std::optional<BuiltRequest> RequestBuilder::build(const Claim& claim,
                                                  std::chrono::system_clock::time_point now) const {
  if (claim.lane.webhook_id.empty()) return build_basic(claim, now);
  const auto webhook = webhook_of(registry_, claim.lane);
  if (!webhook || webhook->state != WebhookState::enabled) return std::nullopt;
  BuiltRequest built = build_managed(claim, webhook, now);
  built.webhook_revision = webhook->revision;
  return built;
}

BuiltRequest RequestBuilder::build_basic(const Claim& claim,
                                         std::chrono::system_clock::time_point now) const {
  const auto checked = registry_.address_policy().check_url(claim.url);
  if (!checked) return refused_url(checked.error());
  HttpRequest request = request_to(claim.url, claim);
  request.headers.push_back({"content-type", "application/x-www-form-urlencoded"});
  const auto identified = identify(request, claim, basic_signer_ ? &*basic_signer_ : nullptr, now);
  if (!identified) return cannot_sign(identified.error(), *checked);
  return {std::move(request), checked->without_query, 0};
}

BuiltRequest RequestBuilder::build_managed(const Claim& claim,
                                           const std::shared_ptr<const Webhook>& webhook,
                                           std::chrono::system_clock::time_point now) const {
  const auto prepared = webhooks_->prepare(webhook);
  const auto& [url, signer] = *prepared;
  if (!url) return refused_url(url.error());
  if (!signer) return cannot_sign(signer.error(), *url);
  HttpRequest request = request_to(webhook->url, claim);
  request.headers.push_back({"content-type", "application/json"});
  const auto identified = identify(request, claim, *signer ? &**signer : nullptr, now);
  if (!identified) return cannot_sign(identified.error(), *url);
  add_own_headers(request, *webhook);
  if (webhook->client_certificate) {
    // A part of the webhook, and shares its life.
    request.client_certificate = {webhook, &*webhook->client_certificate};
  }
  return {std::move(request), url->without_query, 0};
}

HttpRequest RequestBuilder::request_to(const std::string& url, const Claim& claim) const {
  HttpRequest request;
  request.url = url;
  request.body = claim.body;
  request.connect_timeout = connect_timeout_;
  request.timeout = request_timeout_;
  request.address_policy = registry_.address_policy();
  request.headers.reserve(kUsualHeaders);
  return request;
}

/// `signer`: null if nothing is to be signed.
Result<void> RequestBuilder::identify(HttpRequest& request, const Claim& claim,
                                      const Signer* signer,
                                      std::chrono::system_clock::time_point now) const {
  const auto timestamp = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count();
  request.headers.push_back({"user-agent", user_agent_});
  request.headers.push_back({"webhook-id", claim.message_id});
  request.headers.push_back({"webhook-timestamp", std::to_string(timestamp)});
  if (signer == nullptr) return {};
  auto signature = signer->sign(claim.message_id, timestamp, *claim.body);
  if (!signature) return tl::unexpected(std::move(signature.error()));
  request.headers.push_back({"webhook-signature", *std::move(signature)});
  return {};
}

}  // namespace hookline::detail
