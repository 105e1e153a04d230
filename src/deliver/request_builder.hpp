#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "deliver/webhook_cache.hpp"
#include "hookline/delivery_store.hpp"
#include "hookline/signer.hpp"
#include "hookline/transport.hpp"
#include "hookline/webhook_registry.hpp"

namespace hookline::detail {

/// A request, or why there is none.
struct BuiltRequest {
  tl::expected<HttpRequest, TransportFailure> request;
  std::string url;                     ///< without its query
  std::uint64_t webhook_revision = 0;  ///< of the configuration; 0 for a basic webhook
};

/// Makes the request of an attempt: the stored body, the webhook's configuration as it is now, the
/// identity and the signature of Standard Webhooks 1.0. Usable from many threads at once.
class RequestBuilder {
 public:
  /// `basic_signer`: for basic webhooks, if the host has set secrets for them.
  RequestBuilder(const WebhookRegistry& registry, std::optional<Signer> basic_signer,
                 std::chrono::milliseconds connect_timeout,
                 std::chrono::milliseconds request_timeout);

  /// Nothing if the webhook is gone, disabled or paused by now: the request is not to be made.
  [[nodiscard]] std::optional<BuiltRequest> build(const Claim& claim,
                                                  std::chrono::system_clock::time_point now) const;

 private:
  [[nodiscard]] BuiltRequest build_basic(const Claim& claim,
                                         std::chrono::system_clock::time_point now) const;
  [[nodiscard]] BuiltRequest build_managed(const Claim& claim,
                                           const std::shared_ptr<const Webhook>& webhook,
                                           std::chrono::system_clock::time_point now) const;
  [[nodiscard]] HttpRequest request_to(const std::string& url, const Claim& claim) const;
  [[nodiscard]] Result<void> identify(HttpRequest& request, const Claim& claim,
                                      const Signer* signer,
                                      std::chrono::system_clock::time_point now) const;

  const WebhookRegistry& registry_;
  const std::optional<Signer> basic_signer_;
  const std::chrono::milliseconds connect_timeout_;
  const std::chrono::milliseconds request_timeout_;
  const std::string user_agent_;
  std::unique_ptr<WebhookCache> webhooks_;
};

}  // namespace hookline::detail
