#pragma once

#include <deque>
#include <string>
#include <unordered_map>

namespace hookline::detail {

struct Lane;

/// Whose turn it is: tenants one after the other, and within a tenant its lanes one after the
/// other, so that neither a tenant with many webhooks nor a webhook with many deliveries crowds
/// others out. A lane stands in line once; it is taken out when its turn comes.
class Turns {
 public:
  [[nodiscard]] bool empty() const { return tenants_.empty(); }

  /// Puts a lane at the end of its tenant's line. REQUIRES: it is not in line (`Lane::in_turn`).
  void push(Lane& lane);

  /// The lane whose turn it is. REQUIRES: not empty.
  Lane& pop();

 private:
  /// Of one tenant, through `Lane::behind`.
  struct Line {
    Lane* first = nullptr;
    Lane* last = nullptr;
  };

  std::deque<std::string> tenants_;  ///< those with a line, in turn
  std::unordered_map<std::string, Line> lines_;
};

}  // namespace hookline::detail
