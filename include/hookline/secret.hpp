#pragma once

#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>

#include "hookline/export.hpp"

namespace hookline {

/// Text that must not be seen: a signing secret, a password, a token.
///
/// Copies share one buffer, which is wiped when the last of them goes. Printing one gives
/// `[secret]`; the text comes out through `reveal()` alone, so that a search for that word finds
/// every place that can leak it. A `Secret` is immutable; copies may be used from any thread.
class HOOKLINE_API Secret {
 public:
  Secret() = default;
  /// Takes the text over and wipes the string that it came in.
  explicit Secret(std::string text);

  [[nodiscard]] bool empty() const;
  /// The text itself. The view lives as long as any copy of this secret.
  [[nodiscard]] std::string_view reveal() const;

  /// Compares in a time that depends on the lengths only.
  friend HOOKLINE_API bool operator==(const Secret& a, const Secret& b);
  friend bool operator!=(const Secret& a, const Secret& b) { return !(a == b); }

 private:
  class Buffer;
  std::shared_ptr<const Buffer> buffer_;
};

/// Writes `[secret]`.
HOOKLINE_API std::ostream& operator<<(std::ostream& out, const Secret& secret);

}  // namespace hookline
