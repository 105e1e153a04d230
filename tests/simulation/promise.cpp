#include "simulation/promise.hpp"

#include <array>

namespace hookline::simulation {

std::string_view to_string(Promise promise) {
  constexpr std::array<std::string_view, 18> kNames = {
      "one_outcome",  "never_early",   "schedule",   "one_try_a_lease", "limits", "spacing",
      "trial",        "rest",          "free_tries", "order",           "closed", "repeatable",
      "nothing_lost", "tenants_apart", "bounded",    "progress",        "truth",  "reasons"};
  return kNames.at(static_cast<std::size_t>(promise));
}

}  // namespace hookline::simulation
