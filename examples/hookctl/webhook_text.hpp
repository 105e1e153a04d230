#pragma once

#include <hookline/webhook.hpp>
#include <string>
#include <vector>

#include "common/json.hpp"
#include "hookctl/session.hpp"

namespace hookctl {

/// An object with the members of the registry's JSON form, all of them; secrets stand as
/// `[secret]`, and the URL without its query, which may be one too. With a refusal (see
/// `Session::refusal`) the state is null.
void put(examples::Json& json, const hookline::Webhook& webhook, const std::string& refusal);

/// For people: a table.
std::string table_of(const Session& session, const std::vector<hookline::Webhook>& webhooks);

}  // namespace hookctl
