#include "hookctl/service_commands.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/json.hpp"
#include "common/printable.hpp"
#include "common/times.hpp"

namespace hookctl {
namespace {

using hookline::Error;
using std::chrono::system_clock;

struct StatsOptions {
  std::optional<std::string> tenant;
  bool with_lanes = false;
};

struct Stats {
  hookline::DeliveryCounts counts;
  bool paused = false;
  bool with_lanes = false;
  std::vector<hookline::LaneStats> lanes;
};

void add_pause(CLI::App& app, Command& chosen, bool paused, const char* about);
void add_stats(CLI::App& app, Command& chosen);
Result<void> set_paused(Session& session, bool paused);
Result<Stats> gather(Session& session, const StatsOptions& options);
Result<std::vector<hookline::LaneStats>> all_lanes(Session& session,
                                                   const std::optional<std::string>& tenant);
Result<bool> is_paused(Session& session);
std::string json_of(const Stats& stats);
std::string text_of(const Stats& stats);
std::string table_of(const std::vector<hookline::LaneStats>& lanes);
std::optional<std::chrono::seconds> age_since(const std::optional<system_clock::time_point>& time);

}  // namespace

void add_service_commands(CLI::App& app, Command& chosen) {
  add_pause(app, chosen, true, "send nothing until resume, over the end of processes too");
  add_pause(app, chosen, false, "send again");
  add_stats(app, chosen);
}

namespace {

void add_pause(CLI::App& app, Command& chosen, bool paused, const char* about) {
  app.add_subcommand(paused ? "pause" : "resume", about)->callback([paused, &chosen] {
    chosen.run = [paused](Session& session) { return set_paused(session, paused); };
  });
}

void add_stats(CLI::App& app, Command& chosen) {
  const auto options = std::make_shared<StatsOptions>();
  CLI::App* command = app.add_subcommand("stats", "how many deliveries stand where");
  command->add_option("--tenant", options->tenant, "of this tenant alone")->type_name("NAME");
  command->add_flag("--lanes", options->with_lanes, "also the lanes in which something waits");
  command->callback([options, &chosen] {
    chosen.run = [options](Session& session) {
      return gather(session, *options).map([&](const Stats& stats) {
        session.print(session.json() ? json_of(stats) : text_of(stats));
      });
    };
  });
}

Result<void> set_paused(Session& session, bool paused) {
  if (auto set = session.store().set_paused(paused); !set) return set;
  if (!session.json()) {
    session.print(paused ? "paused: nothing is sent until hookctl resume\n" : "resumed\n");
    return {};
  }
  examples::Json json;
  json.begin_object();
  json.flag("paused", paused);
  json.end_object();
  session.print(json.line());
  return {};
}

Result<Stats> gather(Session& session, const StatsOptions& options) {
  Stats stats;
  const auto counts = session.store().counts(options.tenant);
  if (!counts) return tl::unexpected<Error>(counts.error());
  stats.counts = *counts;
  const auto paused = is_paused(session);
  if (!paused) return tl::unexpected<Error>(paused.error());
  stats.paused = *paused;
  stats.with_lanes = options.with_lanes;
  if (!options.with_lanes) return stats;
  auto lanes = all_lanes(session, options.tenant);
  if (!lanes) return tl::unexpected<Error>(lanes.error());
  stats.lanes = std::move(*lanes);
  return stats;
}

Result<std::vector<hookline::LaneStats>> all_lanes(Session& session,
                                                   const std::optional<std::string>& tenant) {
  std::vector<hookline::LaneStats> lanes;
  hookline::LaneQuery query;
  query.tenant = tenant;
  query.limit = 1000;
  for (;;) {
    const auto page = session.store().lanes(query);
    if (!page) return tl::unexpected<Error>(page.error());
    lanes.insert(lanes.end(), page->lanes.begin(), page->lanes.end());
    if (!page->next) return lanes;
    query.after = *page->next;
  }
}

/// An empty round, at a time that has been already: it does nothing but answer.
Result<bool> is_paused(Session& session) {
  const auto last = session.store().last_time();
  if (!last) return tl::unexpected<Error>(last.error());
  hookline::StoreWork work;
  work.now = *last;
  work.wall = system_clock::now();
  return session.store().exchange(work).map(
      [](const hookline::StoreReply& reply) { return reply.paused; });
}

std::string json_of(const Stats& stats) {
  const hookline::DeliveryCounts& counts = stats.counts;
  examples::Json json;
  const auto put_oldest = [&](const auto& oldest) {
    json.time("oldest_unfinished", oldest);
    const auto age = age_since(oldest);
    json.number_or_null("oldest_unfinished_age", age ? std::optional(age->count()) : std::nullopt);
  };
  json.begin_object();
  json.flag("paused", stats.paused);
  json.number("pending", counts.pending);
  json.number("in_flight", counts.in_flight);
  json.number("delivered", counts.delivered);
  json.number("exhausted", counts.exhausted);
  json.number("discarded", counts.discarded);
  json.number("pending_bytes", counts.pending_bytes);
  put_oldest(counts.oldest_unfinished);
  if (stats.with_lanes) {
    json.begin_array("lanes");
    for (const hookline::LaneStats& lane : stats.lanes) {
      json.begin_object();
      json.text("tenant", lane.tenant);
      json.text_or_null("webhook", lane.webhook_id);
      json.text_or_null("origin", lane.origin);
      json.number("pending", lane.pending);
      json.number("in_flight", lane.in_flight);
      put_oldest(lane.oldest_unfinished);
      json.time("failing_since", lane.failing_since);
      json.end_object();
    }
    json.end_array();
  }
  json.end_object();
  return json.line();
}

std::string text_of(const Stats& stats) {
  const hookline::DeliveryCounts& counts = stats.counts;
  std::string waits;
  if (const auto age = age_since(counts.oldest_unfinished)) {
    waits = fmt::format("  ({} bytes; the oldest for {})", counts.pending_bytes,
                        examples::age_text(*age));
  }
  std::string text = fmt::format(
      "{:>10}  pending{}\n{:>10}  in flight\n{:>10}  delivered\n{:>10}  exhausted\n"
      "{:>10}  discarded\n",
      counts.pending, waits, counts.in_flight, counts.delivered, counts.exhausted,
      counts.discarded);
  if (stats.paused) text += "paused: nothing is sent until hookctl resume\n";
  return stats.with_lanes ? text + table_of(stats.lanes) : text;
}

std::string table_of(const std::vector<hookline::LaneStats>& lanes) {
  constexpr const char* kRow = "{:>8}  {:>9}  {:>8}  {:>8}  {:<16}  {}\n";
  std::string text =
      fmt::format(kRow, "PENDING", "IN FLIGHT", "OLDEST", "FAILING", "TENANT", "WEBHOOK");
  const auto age_or_dash = [](const std::optional<system_clock::time_point>& time) {
    const auto age = age_since(time);
    return age ? examples::age_text(*age) : std::string("-");
  };
  for (const hookline::LaneStats& lane : lanes) {
    const std::string webhook =
        lane.webhook_id.empty() ? "(basic) " + lane.origin : lane.webhook_id;
    text += fmt::format(kRow, lane.pending, lane.in_flight, age_or_dash(lane.oldest_unfinished),
                        age_or_dash(lane.failing_since),
                        lane.tenant.empty() ? "-" : examples::printable(lane.tenant),
                        examples::printable(webhook));
  }
  return text;
}

std::optional<std::chrono::seconds> age_since(const std::optional<system_clock::time_point>& time) {
  if (!time) return std::nullopt;
  const auto age = std::chrono::floor<std::chrono::seconds>(system_clock::now() - *time);
  return std::max(age, std::chrono::seconds(0));
}

}  // namespace
}  // namespace hookctl
