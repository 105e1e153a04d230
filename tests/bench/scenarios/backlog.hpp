#pragma once

#include <cstddef>
#include <string>

#include "scenarios/host.hpp"

namespace hookline::bench {

/// The order in which what waits was stored, seen from when it is due.
enum class DueOrder { as_stored, random };

/// The webhook that all of a backlog is for.
constexpr const char* kBacklogWebhook = "backlog";

/// A store with so many deliveries that are due, with bodies of 700 bytes. Made once for a run of
/// the program; whoever takes much of it takes a copy.
[[nodiscard]] std::string backlog_file(const Settings& settings, std::size_t size,
                                       DueOrder order = DueOrder::as_stored);

/// The time of a round that claims 64 of them and records the outcomes of the 64 before:
/// `p50_us`, …; and how much the memory of the process has grown by that: `growth_mib`.
[[nodiscard]] Figures claim_from(const std::string& file);

/// From the start of a dispatcher on it to the first request: `first_us`, `growth_mib`.
[[nodiscard]] Figures restart_on(const Settings& settings, const std::string& file);

/// `measure` on a copy, which is gone afterwards.
[[nodiscard]] Figures on_a_copy(const Settings& settings, const std::string& file,
                                const std::function<Figures(const std::string&)>& measure);

}  // namespace hookline::bench
