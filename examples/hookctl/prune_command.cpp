#include "hookctl/prune_command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "common/json.hpp"
#include "common/times.hpp"

namespace hookctl {
namespace {

using hookline::Error;

/// The ages, as they were given; empty: these are kept.
struct PruneOptions {
  std::string delivered;
  std::string exhausted_and_discarded;
  std::string pending;
  std::string bodies;
};

struct Pruned {
  std::uint64_t removed = 0;
  std::uint64_t discarded = 0;
};

/// How many records a bite removes.
constexpr std::size_t kPruneBite = 200;

Result<void> prune(Session& session, const PruneOptions& options);
hookline::Retention retention_of(const PruneOptions& options);
Result<Pruned> prune_all(Session& session, const hookline::Retention& retention);
void print(Session& session, const Pruned& pruned);
std::uint64_t finished(const hookline::DeliveryCounts& counts);

}  // namespace

void add_prune_command(CLI::App& app, Command& chosen) {
  const auto options = std::make_shared<PruneOptions>();
  CLI::App* command =
      app.add_subcommand("prune", "remove now what is older than these ages, such as 12h or 7d");
  const auto add = [&](const char* name, std::string& age, const char* about) {
    command->add_option(name, age, about)->type_name("AGE")->check(examples::age_check());
  };
  add("--delivered-older-than", options->delivered, "records of what was delivered");
  add("--exhausted-and-discarded-older-than", options->exhausted_and_discarded,
      "records of what was not");
  add("--pending-older-than", options->pending, "discard what has waited so long");
  add("--bodies-older-than", options->bodies,
      "bodies whose deliveries have all ended; without its body a delivery cannot be replayed");
  command->callback([options, &chosen] {
    chosen.run = [options](Session& session) { return prune(session, *options); };
  });
}

namespace {

Result<void> prune(Session& session, const PruneOptions& options) {
  const bool names_something = !options.delivered.empty() || !options.pending.empty() ||
                               !options.exhausted_and_discarded.empty() || !options.bodies.empty();
  if (!names_something) {
    return refuse(
        "prune: name what is to go, such as --delivered-older-than 7d; how long the service keeps "
        "things does not stand in the file");
  }
  return prune_all(session, retention_of(options)).map([&](const Pruned& pruned) {
    print(session, pruned);
  });
}

hookline::Retention retention_of(const PruneOptions& options) {
  const auto age = [](const std::string& text) {
    return text.empty() ? std::chrono::seconds::max() : examples::parse_age(text).value();
  };
  hookline::Retention retention;
  retention.delivered = age(options.delivered);
  retention.exhausted_and_discarded = age(options.exhausted_and_discarded);
  retention.pending = age(options.pending);
  if (!options.bodies.empty()) retention.bodies = age(options.bodies);
  return retention;
}

/// The store does not say how many records a round has removed: what has gone from the counts has.
/// A service that runs meanwhile can add to them.
Result<Pruned> prune_all(Session& session, const hookline::Retention& retention) {
  Pruned pruned;
  const auto begin = session.store().counts();
  if (!begin) return tl::unexpected<Error>(begin.error());
  std::uint64_t before = finished(*begin);
  const double total = std::max<double>(static_cast<double>(before), 1);
  for (;;) {
    session.progress().show_bar(static_cast<double>(pruned.removed) / total,
                                fmt::format("{} removed", pruned.removed));
    const auto now = session.now();
    if (!now) return tl::unexpected<Error>(now.error());
    hookline::StoreWork work;
    work.prune = kPruneBite;
    work.retention = retention;
    work.now = now->due;
    work.wall = now->wall;
    const auto reply = session.store().exchange(work);
    if (!reply) return tl::unexpected<Error>(reply.error());
    const auto counts = session.store().counts();
    if (!counts) return tl::unexpected<Error>(counts.error());

    before += reply->pruned.size();
    pruned.discarded += reply->pruned.size();
    if (before > finished(*counts)) pruned.removed += before - finished(*counts);
    before = finished(*counts);
    if (!reply->next_prune || *reply->next_prune > now->due) return pruned;
  }
}

void print(Session& session, const Pruned& pruned) {
  if (!session.json()) {
    session.print(
        fmt::format("{} records removed, {} discarded\n", pruned.removed, pruned.discarded));
    return;
  }
  examples::Json json;
  json.begin_object();
  json.number("removed", pruned.removed);
  json.number("discarded", pruned.discarded);
  json.end_object();
  session.print(json.line());
}

std::uint64_t finished(const hookline::DeliveryCounts& counts) {
  return counts.delivered + counts.exhausted + counts.discarded;
}

}  // namespace
}  // namespace hookctl
