#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "harness/scenario.hpp"
#include "hookline/import.hpp"

/// What hookline is measured against.
namespace hookline::bench {

/// That all sides sign with.
constexpr const char* kSecret = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// For CURLOPT_WRITEFUNCTION: takes the body of an answer and forgets it.
std::size_t ignore_answer(char* bytes, std::size_t size, std::size_t count, void* unused);

struct BarePlan {
  std::string url;
  std::string ca_file;
  std::string body;
  std::size_t in_flight = 64;
  double seconds = 1;
};

/// The headers that hookline sends with a signed request, of the same lengths.
[[nodiscard]] std::vector<std::string> signed_headers();

/// A libcurl-multi loop on one thread that posts one body over and over and does nothing else: easy
/// handles are set up once and used again, connections are kept.
[[nodiscard]] Figures run_bare(const BarePlan& plan);

/// `wrk` with the same body against the same server: the limit of the wire. Its own CPU time is not
/// in the figures.
[[nodiscard]] Figures run_wire(const BarePlan& plan, const std::string& folder);

/// What a host would write itself, one event after another: a commit, a fresh easy handle, a second
/// commit.
[[nodiscard]] Figures run_by_hand(const BarePlan& plan, const std::string& folder);

/// The least that a pipeline of its kind can do: one thread builds and signs, one runs libcurl, one
/// commits events and results to a file of a single table, in groups, if a folder is given for it.
/// Nothing is matched, limited, leased, retried or listed, no attempt is recorded.
[[nodiscard]] Figures run_sketch(const BarePlan& plan, const Import& import,
                                 const std::string& folder);

/// `fdatasync` of 1 KB appends: what the disk can do.
[[nodiscard]] Figures run_sync(const std::string& folder, double time);

}  // namespace hookline::bench
