#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "hookline/result.hpp"
#include "hookline/webhook.hpp"
#include "hookline/webhook_registry.hpp"
#include "match/registry_index.hpp"

namespace hookline::detail {

/// The JSON form of a registry:
///
///   {"version":1,"webhooks":[
///     {"url":"https://hooks.acme.com/imports","import_identifiers":["contacts"]}, …]}
///
/// | member               | type                               | if it is left out               |
/// |----------------------|------------------------------------|---------------------------------|
/// | `id`                 | text of `[A-Za-z0-9_-]`            | made up, a new one at each load |
/// | `tenant`             | text                               | empty                           |
/// | `url`                | text                               | an error                        |
/// | `description`        | text                               | empty                           |
/// | `development_mode`   | true or false                      | false                           |
/// | `import_identifiers` | array of texts                     | none                            |
/// | `saved_schema_ids`   | array of texts                     | none                            |
/// | `all_imports`        | true or false                      | false                           |
/// | `events`             | array of names of events           | all events                      |
/// | `headers`            | array of `{"name":…,"value":…}`    | none                            |
/// | `basic_auth`         | `{"username":…,"password":…}`      | none                            |
/// | `bearer_token`       | text                               | none                            |
/// | `client_certificate` | `{"certificate":…,"key":…}`, PEM   | none                            |
/// | `secrets`            | array of texts                     | none                            |
/// | `max_in_flight`      | whole number                       | as the dispatcher is configured |
/// | `rate_limit`         | number, requests a second          | none                            |
/// | `ordering`           | `none` or `fifo`                   | `none`                          |
/// | `retry_schedule`     | array of seconds, at most 3 places | as the dispatcher is configured |
/// | `state`              | `enabled`, `paused` or `disabled`  | `enabled`                       |
/// | `disabled_reason`    | text                               | empty                           |
/// | `created_at`         | `2024-04-24T17:20:14.659349Z`      | as it was, or now               |
/// | `updated_at`         | the same                           | as it was, or now               |
/// | `revision`           | whole number, 1 to 2^53            | as it was, or 1                 |
///
/// Saving leaves out what stands at its default, but for `id`, `url`, `development_mode`, `state`,
/// the two times and `revision`, and sorts by id, so that equal registries give equal bytes. Where
/// secrets are not revealed, `[redacted]` stands in the place of each.
///
/// Reading is strict: an unknown or doubled member, another type, a lone surrogate or a NUL is an
/// error that names its place. What a webhook may hold is not its business, see `faults_of`.

/// A webhook as it stands in a document. `id` is empty, the times are `kNoTime` and `revision` is 0
/// where they were left out.
inline constexpr std::chrono::system_clock::time_point kNoTime =
    std::chrono::system_clock::time_point::min();

[[nodiscard]] std::string write_registry(const RegistryIndex& index, Secrets secrets);
/// The document of a registry with this webhook alone, secrets revealed.
[[nodiscard]] Secret write_webhook(const Webhook& webhook);

/// The webhooks in the order of the document, no two with one id. `invalid_registry_document`.
[[nodiscard]] Result<std::vector<Webhook>> read_registry(std::string_view json);

}  // namespace hookline::detail
